//! Bounds how deep a template nests before it is parsed: the parser, the rewriting and the code generator recurse, and
//! a worker's stack is small.

use crate::eval::environment::SYNTAX;
use minijinja::machinery::{Span, Token, tokenize};

/// Levels of one expression: operators in a row count as levels too.
const EXPRESSION: usize = 64;

/// Brackets within each other.
const BRACKETS: usize = 16;

/// Blocks within each other; an `elif` counts as one.
const BLOCKS: usize = 24;

/// Bytes of one template.
const BYTES: usize = 4 << 20;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Text with `{{ }}` and `{% %}`.
    Template,
    /// An expression without braces.
    Expression,
}

/// Says what goes too far, and where. What is no template at all is left to the parser.
pub(super) fn check(text: &str, form: Form) -> Result<(), (String, Span)> {
    if text.len() > BYTES {
        return Err(("the template is longer than 4 MiB".to_owned(), Span::default()));
    }
    let mut depth = Depth::default();
    if form == Form::Expression {
        depth.begin();
    }
    for (token, span) in tokenize(text, form == Form::Expression, SYNTAX.clone()).map_while(Result::ok) {
        depth.take(&token);
        if let Some(what) = depth.excess() {
            return Err((what, span));
        }
    }
    Ok(())
}

/// One level of brackets: operators since the last comma, and the deepest bracket since then.
#[derive(Default)]
struct Level {
    operators: usize,
    inside: usize,
    deepest: usize,
}

impl Level {
    fn end_item(&mut self) {
        self.deepest = self.depth();
        self.operators = 0;
        self.inside = 0;
    }

    fn depth(&self) -> usize {
        self.deepest.max(self.operators + self.inside)
    }
}

#[derive(Default)]
struct Depth {
    levels: Vec<Level>,
    blocks: Vec<usize>,
    block: Option<Block>,
}

/// The statement that is being read.
struct Block {
    /// Whether its first word has come.
    named: bool,
    /// Whether it is a `set` without `=` so far.
    open_set: bool,
}

impl Depth {
    fn begin(&mut self) {
        self.levels = vec![Level::default()];
    }

    fn excess(&self) -> Option<String> {
        let depth: usize = self.levels.iter().map(Level::depth).sum();
        let blocks: usize = self.blocks.iter().sum();
        if depth > EXPRESSION {
            return Some(format!("the expression has more than {EXPRESSION} operators in a row or within each other"));
        }
        if self.levels.len() > BRACKETS {
            return Some(format!("more than {BRACKETS} brackets stand within each other"));
        }
        (blocks > BLOCKS).then(|| format!("more than {BLOCKS} blocks stand within each other"))
    }

    fn take(&mut self, token: &Token<'_>) {
        match token {
            Token::VariableStart => self.begin(),
            Token::BlockStart => {
                self.begin();
                self.block = Some(Block { named: false, open_set: false });
            }
            Token::BlockEnd => {
                if self.block.take().is_some_and(|block| block.open_set) {
                    self.blocks.push(1);
                }
            }
            Token::BracketOpen | Token::ParenOpen | Token::BraceOpen => {
                self.operator();
                self.levels.push(Level::default());
            }
            Token::BracketClose | Token::ParenClose | Token::BraceClose => self.close(),
            Token::Comma | Token::Colon => self.end_item(),
            Token::Assign => {
                if let Some(block) = &mut self.block {
                    block.open_set = false;
                }
                self.end_item();
            }
            Token::Ident(word) => self.word(word),
            Token::TemplateData(_)
            | Token::VariableEnd
            | Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_) => {}
            Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::FloorDiv
            | Token::Pow
            | Token::Mod
            | Token::Dot
            | Token::Tilde
            | Token::Pipe
            | Token::Eq
            | Token::Ne
            | Token::Gt
            | Token::Gte
            | Token::Lt
            | Token::Lte => self.operator(),
        }
    }

    fn operator(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.operators += 1;
        }
    }

    fn end_item(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.end_item();
        }
    }

    fn close(&mut self) {
        if self.levels.len() > 1
            && let Some(closed) = self.levels.pop()
            && let Some(outer) = self.levels.last_mut()
        {
            outer.inside = outer.inside.max(closed.depth());
        }
    }

    fn word(&mut self, word: &str) {
        match &mut self.block {
            Some(block) if !block.named => {
                block.named = true;
                match word {
                    "set" => block.open_set = true,
                    "if" | "for" | "with" | "filter" | "call" | "macro" | "block" | "autoescape" => self.blocks.push(1),
                    "elif" => {
                        if let Some(levels) = self.blocks.last_mut() {
                            *levels += 1;
                        }
                    }
                    _ if word.starts_with("end") => drop(self.blocks.pop()),
                    _ => {}
                }
            }
            _ if matches!(word, "and" | "or" | "not" | "in" | "is" | "if" | "else") => self.operator(),
            _ => {}
        }
    }
}
