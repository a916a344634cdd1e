//! What the answer of a step is judged by, compiled.

use super::Compiler;
use crate::eval::assertion::Assertion;
use crate::eval::capture::Capture;
use crate::eval::expectation::Expectation;
use crate::eval::expression::FreeName;
use crate::eval::parse::Parser;
use crate::model;

/// The compiled checks of a step.
pub(super) struct Checks {
    pub(super) parser: Option<Parser>,
    pub(super) capture: Option<Capture>,
    pub(super) assertions: Option<Vec<Assertion>>,
    pub(super) expect_error: Option<Expectation>,
    pub(super) reads_result: bool,
}

impl Compiler<'_> {
    pub(super) fn checks(&mut self, step: &model::step::Step) -> Checks {
        let parser = step.parse.as_ref().and_then(|parse| {
            let parser = self.kept(Parser::compile(parse).map_err(|complaint| vec![complaint]))?;
            self.names.check(parser.free_names(), self.complaints);
            Some(parser)
        });
        let mut free: Vec<FreeName> = Vec::new();
        let capture = step.capture.as_ref().and_then(|capture| {
            let capture = self.kept(Capture::compile(capture))?;
            free.extend(capture.free_names());
            Some(capture)
        });
        let assertions = step.assertions.as_ref().map(|written| {
            let compiled: Vec<Assertion> = written.value.iter().filter_map(|one| self.kept(Assertion::compile(one))).collect();
            free.extend(compiled.iter().flat_map(Assertion::free_names));
            compiled
        });
        let expect_error = step.expect_error.as_ref().and_then(|expected| {
            let expectation = self.kept(Expectation::compile(expected))?;
            self.names.check(expectation.free_names(), self.complaints);
            Some(expectation)
        });
        let reads_result = free.iter().any(|name| name.path.split('.').next() == Some("result"));
        self.names.with(&["result"]).check(&free, self.complaints);
        Checks { parser, capture, assertions, expect_error, reads_result }
    }
}
