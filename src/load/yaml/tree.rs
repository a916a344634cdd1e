//! The structure of a YAML text: nodes, keys, aliases, each with its range of bytes. Bounded in depth and size.

use super::span::{self, Offsets};
use super::syntax;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Source};
use crate::load::complaints::Complaints;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// The deepest nesting, aliases followed.
const DEEPEST: usize = 64;

/// The most nodes that a text may hold.
const MOST_NODES: usize = 2_000_000;

/// The most nodes that aliases may add to those of the text itself.
const MOST_ALIASED: usize = 1_000_000;

/// Texts weigh as much as one node per so many bytes.
const BYTES_PER_NODE: usize = 64;

/// A node's number in its tree.
pub(super) type Id = usize;

/// A YAML document, its aliases not yet followed.
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The outermost node.
    pub(super) root: Id,
}

/// One node.
pub(super) struct Node {
    /// Its bytes. For a mapping or list in block style, those of its first key or item.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) shape: Shape,
}

/// What a node is.
pub(super) enum Shape {
    /// A scalar.
    Scalar {
        /// Its content, escapes resolved.
        text: String,
        /// Whether it stood without quotes and not as a block.
        plain: bool,
        /// Whether a tag made it text.
        tagged_text: bool,
    },
    /// A list.
    List(Vec<Id>),
    /// Keys and values in turn.
    Map(Vec<Id>),
    /// The node that an anchor names.
    Alias(Id),
}

impl Tree {
    /// The node of that number, aliases followed.
    pub(super) fn node(&self, id: Id) -> &Node {
        let mut node = &self.nodes[id];
        while let Shape::Alias(target) = node.shape {
            node = &self.nodes[target];
        }
        node
    }
}

/// Reads the structure of a text.
///
/// # Errors
/// It is not YAML, holds no or several documents, or is too deep or too large.
pub(super) fn read(source: &Arc<Source>, complaints: &Complaints) -> Result<Tree, Diagnostic> {
    let mut builder = Builder {
        source,
        offsets: Offsets::of(source.text()),
        complaints,
        nodes: Vec::new(),
        sizes: Vec::new(),
        open: Vec::new(),
        anchors: HashMap::new(),
        own: 0,
        root: None,
        documents: 0,
    };
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(source.text());
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| builder.refused(&error))?;
        let range = builder.offsets.range(span);
        builder.event(event, range)?;
    }
    match builder.root {
        Some(root) if !builder.is_nothing(root) => Ok(Tree { nodes: builder.nodes, root }),
        _ => Err(Diagnostic::error(&Place::new(source, 0..0), "the file is empty")),
    }
}

/// How much a node is once its aliases are followed.
#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    depth: usize,
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    offsets: Offsets,
    complaints: &'a Complaints,
    nodes: Vec<Node>,
    /// The size of each node; `None` while it is open.
    sizes: Vec<Option<Size>>,
    open: Vec<Id>,
    anchors: HashMap<usize, Id>,
    /// The weight of the text's own nodes so far.
    own: usize,
    root: Option<Id>,
    documents: usize,
}

impl Builder<'_> {
    fn place(&self, range: Range<usize>) -> Place {
        Place::new(self.source, range)
    }

    fn refuse(&self, range: Range<usize>, message: &str) -> Diagnostic {
        Diagnostic::error(&self.place(range), message)
    }

    /// A scanner's error in our words.
    fn refused(&self, error: &ScanError) -> Diagnostic {
        let at = self.offsets.byte(error.marker().index());
        if error.info() == "recursion limit exceeded" {
            return self.too_deep(at..at + 1);
        }
        syntax(self.source, at, error.info())
    }

    fn too_deep(&self, range: Range<usize>) -> Diagnostic {
        self.refuse(range, &format!("this is nested deeper than {DEEPEST} levels"))
    }

    fn is_nothing(&self, root: Id) -> bool {
        matches!(&self.nodes[root].shape, Shape::Scalar { text, plain: true, .. } if text.is_empty())
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), Diagnostic> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(self.refuse(range, "a second document begins here, but a file holds one"));
                }
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, range),
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, (anchor, tag), range),
            Event::SequenceStart(anchor, tag) => self.begin(Shape::List(Vec::new()), (anchor, tag), range),
            Event::MappingStart(anchor, tag) => self.begin(Shape::Map(Vec::new()), (anchor, tag), range),
            Event::SequenceEnd | Event::MappingEnd => self.end(range),
        }
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) -> Result<(), Diagnostic> {
        let target = self.anchors.get(&anchor).copied();
        let Some((target, size)) = target.and_then(|id| Some((id, self.sizes[id]?))) else {
            return Err(self.refuse(range, "this alias stands inside of what it names"));
        };
        if size.depth + self.open.len() > DEEPEST {
            return Err(self.too_deep(range));
        }
        self.add(Node { range, shape: Shape::Alias(target) }, Some(size))?;
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        (anchor, tag): (usize, Option<Cow<'_, Tag>>),
        range: Range<usize>,
    ) -> Result<(), Diagnostic> {
        let weight = 1 + text.len() / BYTES_PER_NODE;
        self.own += weight;
        let plain = style == ScalarStyle::Plain;
        let tagged = tag.as_deref().and_then(|tag| self.tag(tag, &range, &["str", "int", "float", "bool", "null"]));
        let own = span::scalar(self.source.text(), range, style);
        let own = if plain && text.is_empty() { own.start..own.start } else { own };
        let shape = Shape::Scalar { text: text.to_owned(), plain, tagged_text: tagged.as_deref() == Some("str") };
        let id = self.add(Node { range: own, shape }, Some(Size { nodes: weight, depth: 0 }))?;
        self.name(anchor, id);
        Ok(())
    }

    /// The name of a tag that YAML itself defines; others are complained about.
    fn tag(&self, tag: &Tag, range: &Range<usize>, known: &[&str]) -> Option<String> {
        if tag.is_yaml_core_schema() && known.contains(&tag.suffix.as_str()) {
            return Some(tag.suffix.clone());
        }
        let raw = self.source.text().get(range.clone()).unwrap_or_default();
        let length = raw.find(char::is_whitespace).unwrap_or(raw.len());
        let shown = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
        let message = format!("the tag `{shown}` is not supported");
        self.complaints.add(Diagnostic::error(&self.place(range.start..range.start + length), message).hint("leave it out"));
        None
    }

    fn begin(&mut self, shape: Shape, (anchor, tag): (usize, Option<Cow<'_, Tag>>), range: Range<usize>) -> Result<(), Diagnostic> {
        if self.open.len() >= DEEPEST {
            return Err(self.too_deep(range));
        }
        let known = if matches!(shape, Shape::Map(_)) { "map" } else { "seq" };
        if let Some(tag) = tag.as_deref() {
            self.tag(tag, &range, &[known]);
        }
        self.own += 1;
        let id = self.add(Node { range, shape }, None)?;
        self.name(anchor, id);
        self.open.push(id);
        Ok(())
    }

    fn end(&mut self, range: Range<usize>) -> Result<(), Diagnostic> {
        let Some(id) = self.open.pop() else { return Err(self.refuse(range, "this is not YAML: an end without a beginning")) };
        let children = match &self.nodes[id].shape {
            Shape::List(children) | Shape::Map(children) => children.as_slice(),
            Shape::Scalar { .. } | Shape::Alias(_) => &[],
        };
        let mut size = Size { nodes: 1, depth: 0 };
        for child in children.iter().filter_map(|child| self.sizes[*child]) {
            size.nodes = size.nodes.saturating_add(child.nodes);
            size.depth = size.depth.max(child.depth);
        }
        size.depth += 1;
        let start = self.nodes[id].range.clone();
        let begins = self.source.text().get(start.clone()).unwrap_or_default();
        let first = children.first().map(|child| self.nodes[*child].range.clone());
        // The scanner counts an anchor before the opening bracket, and what follows the closing one.
        let own = match begins.find(['[', '{']) {
            Some(bracket) => start.start + bracket..(range.start + 1).min(range.end),
            None => first.unwrap_or(start),
        };
        if size.nodes > self.own.saturating_add(MOST_ALIASED) {
            return Err(self.refuse(own, "the aliases in this grow beyond 1 million values"));
        }
        self.nodes[id].range = own;
        self.sizes[id] = Some(size);
        Ok(())
    }

    fn name(&mut self, anchor: usize, id: Id) {
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
    }

    fn add(&mut self, node: Node, size: Option<Size>) -> Result<Id, Diagnostic> {
        let id = self.nodes.len();
        if id >= MOST_NODES {
            return Err(self.refuse(node.range, "the file holds more than 2 million values"));
        }
        self.nodes.push(node);
        self.sizes.push(size);
        match self.open.last().map(|parent| &mut self.nodes[*parent].shape) {
            Some(Shape::List(children) | Shape::Map(children)) => children.push(id),
            _ => self.root = self.root.or(Some(id)),
        }
        Ok(id)
    }
}
