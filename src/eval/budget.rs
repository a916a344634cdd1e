//! How much one rendering may cost. Fuel bounds the steps; this bounds what a single step can do.

use crate::eval::convert::{DEEPEST, Sort, items};
use crate::eval::refusal::Refusal;
use minijinja::{State, Value};

/// Text that one rendering may write, captured blocks included, in bytes.
const OUTPUT: usize = 16 << 20;

/// Nodes looked at by filters, comparisons and literals in one rendering.
const WORK: usize = 2 << 20;

/// Bytes of text that cost as much as one node.
const BYTES_PER_NODE: usize = 16;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    output: usize,
    work: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { output: OUTPUT, work: WORK }
    }
}

impl Budget {
    /// The budget of the rendering that is going on.
    pub(super) fn of<'s>(state: &'s mut State<'_, '_>) -> &'s mut Self {
        state.get_or_insert_extension_with(Self::default)
    }

    /// Bytes that may still be written.
    pub(super) fn output_left(&self) -> usize {
        self.output
    }

    /// Pays for written bytes.
    pub(super) fn write(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.output = self.output.checked_sub(bytes).ok_or(Refusal::TooLarge("16 MiB of text"))?;
        Ok(())
    }

    /// Pays for bytes read or made.
    pub(super) fn bytes(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.work(1 + bytes / BYTES_PER_NODE)
    }

    /// Pays for nodes looked at.
    pub(super) fn work(&mut self, units: usize) -> Result<(), Refusal> {
        self.work = self.work.checked_sub(units).ok_or(Refusal::TooMuch)?;
        Ok(())
    }

    /// Pays for one pass over a value's own items or bytes, not over what these hold.
    pub(super) fn pass(&mut self, value: &Value) -> Result<(), Refusal> {
        match value.as_str() {
            Some(text) => self.bytes(text.len()),
            None => self.work(value.len().unwrap_or(1)),
        }
    }

    /// Pays for a value with all that it holds, and refuses what is undefined or too deep.
    pub(super) fn weigh(&mut self, value: &Value, depth: usize) -> Result<(), Refusal> {
        if depth > DEEPEST {
            return Err(Refusal::TooDeep(DEEPEST));
        }
        match Sort::of(value) {
            Sort::Undefined => Err(Refusal::Undefined),
            Sort::Null | Sort::Boolean | Sort::Number | Sort::Other => self.work(1),
            Sort::Text => self.pass(value),
            Sort::List => {
                self.work(1)?;
                items(value)?.try_for_each(|item| self.weigh(&item, depth + 1))
            }
            Sort::Mapping => {
                self.work(1)?;
                items(value)?.try_for_each(|key| {
                    self.weigh(&key, depth + 1)?;
                    self.weigh(&value.get_item(&key).unwrap_or_default(), depth + 1)
                })
            }
        }
    }
}
