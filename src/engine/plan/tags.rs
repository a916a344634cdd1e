//! Expressions over tags, as the command line has them: `smoke,slow`, `smoke and not slow`, `(a or b) and not "c d"`.

/// Which tests are meant, by their tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tags {
    /// Those that have the tag.
    Has(String),
    /// Those that are not meant by it.
    Not(Box<Tags>),
    /// Those that all of these mean.
    All(Vec<Tags>),
    /// Those that any of these means.
    Any(Vec<Tags>),
}

/// Expressions within each other; more would only serve to exhaust the stack.
const DEEPEST: usize = 100;

impl Tags {
    /// Reads an expression. A text that is one of the tags as it stands is that tag, whatever is in it.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence.
    pub(super) fn parse(text: &str, known: &[&str]) -> Result<Self, String> {
        if known.contains(&text) {
            return Ok(Self::Has(text.to_owned()));
        }
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, deep: 0 };
        let tags = reader.any()?;
        match reader.tokens.first() {
            None => Ok(tags),
            Some(Token::Close) => Err("a `)` closes nothing".to_owned()),
            Some(token) => Err(format!("`and`, `or` or `,` is missing before `{}`", token.text())),
        }
    }

    /// Whether a test with these tags is meant.
    pub(super) fn mean(&self, tags: &[&str]) -> bool {
        match self {
            Self::Has(tag) => tags.contains(&tag.as_str()),
            Self::Not(inner) => !inner.mean(tags),
            Self::All(parts) => parts.iter().all(|part| part.mean(tags)),
            Self::Any(parts) => parts.iter().any(|part| part.mean(tags)),
        }
    }

    /// Every tag that is named, in the order of the text.
    pub(super) fn named(&self) -> Vec<&str> {
        match self {
            Self::Has(tag) => vec![tag],
            Self::Not(inner) => inner.named(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::named).collect(),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Tag(String),
    And,
    /// `or`, or a comma.
    Or(&'static str),
    Not,
    Open,
    Close,
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Tag(tag) => tag,
            Self::And => "and",
            Self::Or(text) => text,
            Self::Not => "not",
            Self::Open => "(",
            Self::Close => ")",
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Or(","), 1),
            '"' | '\'' => {
                let end = rest[1..].find(first).ok_or_else(|| format!("a {first} has no end"))?;
                (Token::Tag(rest[1..=end].to_owned()), end + 2)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',')).unwrap_or(rest.len());
                (word(&rest[..end]), end)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn word(word: &str) -> Token {
    match word {
        "and" => Token::And,
        "or" => Token::Or("or"),
        "not" => Token::Not,
        tag => Token::Tag(tag.to_owned()),
    }
}

/// Reads tokens from the left. `not` binds most, then `and`, then `or` and the comma.
struct Reader<'a> {
    tokens: &'a [Token],
    deep: usize,
}

impl Reader<'_> {
    fn any(&mut self) -> Result<Tags, String> {
        let mut parts = vec![self.all()?];
        while let Some((Token::Or(_), rest)) = self.tokens.split_first() {
            self.tokens = rest;
            parts.push(self.all()?);
        }
        Ok(Tags::Any(parts))
    }

    fn all(&mut self) -> Result<Tags, String> {
        let mut parts = vec![self.one()?];
        while let Some((Token::And, rest)) = self.tokens.split_first() {
            self.tokens = rest;
            parts.push(self.one()?);
        }
        Ok(Tags::All(parts))
    }

    fn one(&mut self) -> Result<Tags, String> {
        let Some((token, rest)) = self.tokens.split_first() else { return Err("a tag is missing at its end".to_owned()) };
        self.tokens = rest;
        self.deep += 1;
        if self.deep > DEEPEST {
            return Err(format!("it nests deeper than {DEEPEST} levels"));
        }
        let one = match token {
            Token::Tag(tag) => Tags::Has(tag.clone()),
            Token::Not => Tags::Not(Box::new(self.one()?)),
            Token::Open => {
                let inner = self.any()?;
                let Some((Token::Close, rest)) = self.tokens.split_first() else { return Err("a `(` is not closed".to_owned()) };
                self.tokens = rest;
                inner
            }
            Token::And | Token::Or(_) | Token::Close => return Err(format!("a tag is missing before `{}`", token.text())),
        };
        self.deep -= 1;
        Ok(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of some tests an expression means.
    fn meant(text: &str) -> Result<String, String> {
        let tests: [(&str, &[&str]); 5] =
            [("s", &["smoke"]), ("l", &["slow"]), ("b", &["smoke", "slow"]), ("n", &[]), ("o", &["two words", "a,b", "and"])];
        let known: Vec<&str> = tests.iter().flat_map(|(_, tags)| tags.iter().copied()).collect();
        let tags = Tags::parse(text, &known)?;
        Ok(tests.iter().filter(|(_, own)| tags.mean(own)).map(|(name, _)| *name).collect())
    }

    #[test]
    fn expressions_mean_tests_by_their_tags() {
        for (text, tests) in [
            ("smoke", "sb"),
            ("smoke,slow", "slb"),
            ("smoke , slow", "slb"),
            ("smoke or slow", "slb"),
            ("smoke and slow", "b"),
            ("smoke and not slow", "s"),
            ("not smoke", "lno"),
            ("not not smoke", "sb"),
            ("not smoke and slow", "l"),
            ("not (smoke and slow)", "slno"),
            ("not(smoke)and(slow)", "l"),
            ("slow or smoke and not slow", "slb"),
            ("(slow or smoke) and not slow", "s"),
            ("not smoke, slow", "lbno"),
            ("two words", "o"),
            ("a,b", "o"),
            ("and", "o"),
            ("'two words' and \"a,b\" and not smoke", "o"),
            ("'and'", "o"),
        ] {
            assert_eq!(meant(text).as_deref(), Ok(tests), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for (text, said) in [
            ("", "a tag is missing at its end"),
            ("smoke,", "a tag is missing at its end"),
            ("smoke and", "a tag is missing at its end"),
            (",smoke", "a tag is missing before `,`"),
            ("or smoke", "a tag is missing before `or`"),
            ("not", "a tag is missing at its end"),
            ("(smoke", "a `(` is not closed"),
            ("(smoke,)", "a tag is missing before `)`"),
            ("()", "a tag is missing before `)`"),
            ("smoke)", "a `)` closes nothing"),
            ("smoke slow", "`and`, `or` or `,` is missing before `slow`"),
            ("smoke (slow)", "`and`, `or` or `,` is missing before `(`"),
            ("smoke and 'slow", "a ' has no end"),
            (&"(".repeat(200_000), "it nests deeper than 100 levels"),
            (&"not ".repeat(200_000), "it nests deeper than 100 levels"),
        ] {
            assert_eq!(meant(text), Err(said.to_owned()), "{}", &text[..text.len().min(40)]);
        }
        let wide = vec!["smoke"; 50_000].join(" and ");
        assert_eq!(meant(&wide).as_deref(), Ok("sb"), "a wide one is not deep");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(and|or|not|[ab,()'\"ä ]){0,30}") {
            let known = ["a", "b"];
            if let Ok(tags) = Tags::parse(&text, &known) {
                proptest::prop_assert!(!tags.named().is_empty());
                tags.mean(&known);
            }
        }
    }
}
