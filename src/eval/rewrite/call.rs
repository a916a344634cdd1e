//! Filters, tests, functions and methods: known ones only.

use crate::base::text;
use crate::eval::environment::{self, ENGINE};
use crate::eval::guard;
use crate::eval::rewrite::{Missing, Problem, Rewriting, extent, guarded};
use minijinja::machinery::Span;
use minijinja::machinery::ast::{Call, CallArg, Expr, Filter, GetAttr, Spanned, Var};
use minijinja::tests::{is_filter, is_test};

/// Filters to suggest; the engine does not list its own.
const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Tests to suggest.
const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "float",
    "ge",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

impl<'a> Rewriting<'a> {
    pub(super) fn problem(&mut self, message: impl Into<String>, span: Span) {
        self.problems.push(Problem { message: message.into(), span, near: None });
    }

    fn unknown<'n>(&mut self, what: &str, name: &str, span: Span, known: impl IntoIterator<Item = &'n str>) {
        let near = text::nearest(name, known).map(str::to_owned);
        self.problems.push(Problem { message: format!("{what} `{name}` is unknown"), span, near });
    }

    pub(super) fn known_test(&mut self, name: &str, span: Span) {
        if !is_test(&ENGINE.empty_state(), name) {
            self.unknown("test", name, span, TESTS.iter().copied());
        }
    }

    pub(super) fn filter(&mut self, expr: &Expr<'a>, node: &Spanned<Filter<'a>>, missing: Missing) -> Expr<'a> {
        if !is_filter(&ENGINE.empty_state(), node.name) {
            self.unknown("filter", node.name, node.span(), FILTERS.iter().copied());
        }
        let input = match &node.expr {
            None => None,
            Some(input) if matches!(node.name, "default" | "d") => Some(self.expr(input, Missing::Accepted)),
            Some(input) => Some(guarded(guard::CHARGED, self.value(input), Vec::new(), extent(input))),
        };
        let args = self.args(&node.args);
        let filter = Expr::Filter(Spanned::new(Filter { name: node.name, expr: input, args }, extent(expr)));
        if missing == Missing::Accepted { filter } else { guarded(guard::CHARGED, filter, Vec::new(), extent(expr)) }
    }

    pub(super) fn args(&mut self, args: &[CallArg<'a>]) -> Vec<CallArg<'a>> {
        let rebuild = |arg: &CallArg<'a>| match arg {
            CallArg::Pos(expr) => CallArg::Pos(self.value(expr)),
            CallArg::Kwarg(name, expr) => CallArg::Kwarg(name, self.value(expr)),
            CallArg::PosSplat(expr) => CallArg::PosSplat(self.value(expr)),
            CallArg::KwargSplat(expr) => CallArg::KwargSplat(self.value(expr)),
        };
        args.iter().map(rebuild).collect()
    }

    pub(super) fn call(&mut self, node: &Spanned<Call<'a>>) -> Call<'a> {
        let expr = match &node.expr {
            Expr::Var(callee) => {
                if !self.is_local(callee.id) && !environment::functions().any(|name| name == callee.id) {
                    self.unknown("function", callee.id, callee.span(), environment::functions());
                }
                Expr::Var(Spanned::new(Var { id: callee.id }, callee.span()))
            }
            Expr::GetAttr(method) => {
                if matches!(&method.expr, Expr::Var(base) if base.id == "self") {
                    self.problem("blocks and template inheritance are not available", extent(&method.expr));
                }
                let base = guarded(guard::CHARGED, self.value(&method.expr), Vec::new(), extent(&method.expr));
                Expr::GetAttr(Spanned::new(GetAttr { expr: base, name: method.name }, method.span()))
            }
            other => self.value(other),
        };
        Call { expr, args: self.args(&node.args) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_filters_and_tests_exist() {
        let state = ENGINE.empty_state();
        assert_eq!(FILTERS.iter().find(|name| !is_filter(&state, name)), None);
        assert_eq!(TESTS.iter().find(|name| !is_test(&state, name)), None);
    }
}
