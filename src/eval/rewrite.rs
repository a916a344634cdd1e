//! Rebuilds a syntax tree with guards in it, and finds the names it needs and what it must not do.
//!
//! Every comparison becomes a call of a guarded one; every lookup that may not be undefined says so itself; whatever can
//! grow is paid for. The tree's nodes cannot be changed in place, so each is built again.

use crate::eval::compare::Operator;
use crate::eval::guard;
use minijinja::Value;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    BinOp, BinOpKind, CallArg, Compare, CompareOpKind, Const, Expr, Filter, GetAttr, GetItem, IfExpr, List, Map, Slice, Spanned, Test,
    Tuple, UnaryOp, UnaryOpKind, Var,
};
use std::collections::HashSet;

mod call;

mod names;

mod statement;

pub(super) use names::extent;

/// Whether an undefined value is accepted, as before `is defined` and `default()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Accepted,
    Refused,
}

/// A name that must come from outside.
pub(super) struct Needed {
    /// The name, with the attributes that follow it: `device.custom.vlan`.
    pub(super) path: String,
    /// Where it stands.
    pub(super) span: Span,
    /// Whether it may be undefined.
    pub(super) optional: bool,
}

/// Something that a template must not do.
pub(super) struct Problem {
    /// What is wrong.
    pub(super) message: String,
    /// Where it stands.
    pub(super) span: Span,
    /// What was probably meant.
    pub(super) near: Option<String>,
}

/// What a `break` would leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Loop,
    Macro,
    Other,
}

/// One pass over a tree.
#[derive(Default)]
pub(super) struct Rewriting<'a> {
    /// Names from outside, in the order of the text.
    pub(super) needed: Vec<Needed>,
    /// What is wrong, in the order of the text.
    pub(super) problems: Vec<Problem>,
    locals: Vec<HashSet<&'a str>>,
    frames: Vec<Frame>,
}

/// Puts a guard around an expression.
fn guarded<'a>(name: &'static str, expr: Expr<'a>, args: Vec<CallArg<'a>>, span: Span) -> Expr<'a> {
    Expr::Filter(Spanned::new(Filter { name, expr: Some(expr), args }, span))
}

fn constant(value: impl Into<Value>, span: Span) -> Expr<'static> {
    Expr::Const(Spanned::new(Const { value: value.into() }, span))
}

fn comparison(kind: BinOpKind) -> Option<Operator> {
    match kind {
        BinOpKind::Eq => Some(Operator::Eq),
        BinOpKind::Ne => Some(Operator::Ne),
        BinOpKind::Lt => Some(Operator::Lt),
        BinOpKind::Lte => Some(Operator::Le),
        BinOpKind::Gt => Some(Operator::Gt),
        BinOpKind::Gte => Some(Operator::Ge),
        BinOpKind::In => Some(Operator::In),
        BinOpKind::ScAnd
        | BinOpKind::ScOr
        | BinOpKind::Add
        | BinOpKind::Sub
        | BinOpKind::Mul
        | BinOpKind::Div
        | BinOpKind::FloorDiv
        | BinOpKind::Rem
        | BinOpKind::Pow
        | BinOpKind::Concat => None,
    }
}

fn link(kind: CompareOpKind) -> Operator {
    match kind {
        CompareOpKind::Eq => Operator::Eq,
        CompareOpKind::Ne => Operator::Ne,
        CompareOpKind::Lt => Operator::Lt,
        CompareOpKind::Lte => Operator::Le,
        CompareOpKind::Gt => Operator::Gt,
        CompareOpKind::Gte => Operator::Ge,
        CompareOpKind::In => Operator::In,
        CompareOpKind::NotIn => Operator::NotIn,
    }
}

impl<'a> Rewriting<'a> {
    /// Rebuilds an expression whose value is wanted.
    pub(super) fn value(&mut self, expr: &Expr<'a>) -> Expr<'a> {
        self.expr(expr, Missing::Refused)
    }

    /// Rebuilds an expression that must be true or false, and so must what its `and`, `or`, `not` and `if` join.
    pub(super) fn condition(&mut self, expr: &Expr<'a>) -> Expr<'a> {
        match expr {
            Expr::UnaryOp(node) if matches!(node.op, UnaryOpKind::Not) => {
                Expr::UnaryOp(Spanned::new(UnaryOp { op: UnaryOpKind::Not, expr: self.condition(&node.expr) }, node.span()))
            }
            Expr::BinOp(node) if matches!(node.op, BinOpKind::ScAnd | BinOpKind::ScOr) => {
                let (left, right) = (self.condition(&node.left), self.condition(&node.right));
                Expr::BinOp(Spanned::new(BinOp { op: node.op, left, right }, node.span()))
            }
            Expr::IfExpr(node) => {
                let test_expr = self.condition(&node.test_expr);
                let true_expr = self.condition(&node.true_expr);
                let false_expr = match &node.false_expr {
                    Some(otherwise) => self.condition(otherwise),
                    None => Self::no_else(expr),
                };
                Expr::IfExpr(Spanned::new(IfExpr { test_expr, true_expr, false_expr: Some(false_expr) }, node.span()))
            }
            _ => guarded(guard::BOOLEAN, self.value(expr), Vec::new(), extent(expr)),
        }
    }

    fn expr(&mut self, expr: &Expr<'a>, missing: Missing) -> Expr<'a> {
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.lookup(expr, missing),
            Expr::Const(node) => constant(node.value.clone(), node.span()),
            Expr::Slice(node) => self.slice(node),
            Expr::UnaryOp(node) => {
                let op = if matches!(node.op, UnaryOpKind::Not) { UnaryOpKind::Not } else { UnaryOpKind::Neg };
                let inner = self.value(&node.expr);
                let inner = match op {
                    UnaryOpKind::Not => inner,
                    UnaryOpKind::Neg => guarded(guard::OPERAND, inner, Vec::new(), extent(&node.expr)),
                };
                Expr::UnaryOp(Spanned::new(UnaryOp { op, expr: inner }, node.span()))
            }
            Expr::BinOp(node) => self.binary(expr, node),
            Expr::Compare(node) => self.chain(expr, node),
            Expr::IfExpr(node) => self.conditional(expr, node, missing),
            Expr::Filter(node) => self.filter(expr, node, missing),
            Expr::Test(node) => self.test(expr, node),
            Expr::Call(node) => {
                let call = Expr::Call(Spanned::new(self.call(node), extent(expr)));
                if missing == Missing::Accepted { call } else { guarded(guard::CHARGED, call, Vec::new(), extent(expr)) }
            }
            Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => self.literal(expr),
        }
    }

    /// A variable, or an attribute or item of something.
    fn lookup(&mut self, expr: &Expr<'a>, missing: Missing) -> Expr<'a> {
        let inner = match names::path(expr) {
            Some((root, path)) => {
                if !self.is_local(root) {
                    self.needed.push(Needed { path, span: extent(expr), optional: missing == Missing::Accepted });
                }
                Self::raw(expr)
            }
            None => match expr {
                Expr::GetAttr(node) => Expr::GetAttr(Spanned::new(GetAttr { expr: self.value(&node.expr), name: node.name }, node.span())),
                Expr::GetItem(node) => {
                    let (expr, subscript_expr) = (self.value(&node.expr), self.value(&node.subscript_expr));
                    Expr::GetItem(Spanned::new(GetItem { expr, subscript_expr }, node.span()))
                }
                other => Self::raw(other),
            },
        };
        if missing == Missing::Accepted { inner } else { guarded(guard::DEFINED, inner, Vec::new(), extent(expr)) }
    }

    /// Rebuilds a chain of attributes and constant items; each but the last must be defined.
    fn raw(expr: &Expr<'a>) -> Expr<'a> {
        let base = |base: &Expr<'a>| guarded(guard::DEFINED, Self::raw(base), Vec::new(), extent(base));
        match expr {
            Expr::Var(node) => Expr::Var(Spanned::new(Var { id: node.id }, node.span())),
            Expr::GetAttr(node) => Expr::GetAttr(Spanned::new(GetAttr { expr: base(&node.expr), name: node.name }, node.span())),
            Expr::GetItem(node) => {
                let subscript_expr = constant(node.subscript_expr.as_const().unwrap_or_default(), node.subscript_expr.span());
                Expr::GetItem(Spanned::new(GetItem { expr: base(&node.expr), subscript_expr }, node.span()))
            }
            other => constant(Value::UNDEFINED, other.span()),
        }
    }

    fn slice(&mut self, node: &Spanned<Slice<'a>>) -> Expr<'a> {
        let has_bounds = node.start.is_some() || node.stop.is_some();
        let expr = guarded(guard::SLICED, self.value(&node.expr), Vec::new(), extent(&node.expr));
        let start = node.start.as_ref().map(|bound| self.value(bound));
        let stop = node.stop.as_ref().map(|bound| self.value(bound));
        let stride = node.step.as_ref().map(|step| {
            let bounds = CallArg::Pos(constant(has_bounds, step.span()));
            guarded(guard::STEP, self.value(step), vec![bounds], extent(step))
        });
        Expr::Slice(Spanned::new(Slice { expr, start, stop, step: stride }, node.span()))
    }

    fn binary(&mut self, expr: &Expr<'a>, node: &Spanned<BinOp<'a>>) -> Expr<'a> {
        let span = extent(expr);
        let (left, right) = (self.value(&node.left), self.value(&node.right));
        if let Some(operator) = comparison(node.op) {
            let args = vec![CallArg::Pos(constant(operator.sign(), span)), CallArg::Pos(right)];
            return guarded(guard::COMPARE, left, args, span);
        }
        let side = |name, side, original| guarded(name, side, Vec::new(), extent(original));
        let build = |left, right| Expr::BinOp(Spanned::new(BinOp { op: node.op, left, right }, span));
        let both = |name, left, right| build(side(name, left, &node.left), side(name, right, &node.right));
        match node.op {
            BinOpKind::ScAnd | BinOpKind::ScOr => build(left, right),
            BinOpKind::Concat => guarded(guard::SIZED, both(guard::TEXT, left, right), Vec::new(), span),
            BinOpKind::Add | BinOpKind::Mul => guarded(guard::SIZED, both(guard::OPERAND, left, right), Vec::new(), span),
            _ => both(guard::OPERAND, left, right),
        }
    }

    /// `a < b < c`. All operands are evaluated, so that an undefined one is found whatever the first comparison says.
    fn chain(&mut self, expr: &Expr<'a>, node: &Spanned<Compare<'a>>) -> Expr<'a> {
        let span = extent(expr);
        let signs: Vec<&str> = node.ops.iter().map(|op| link(op.op).sign()).collect();
        let mut args = vec![CallArg::Pos(constant(signs.join(" "), span))];
        let first = self.value(&node.expr);
        args.extend(node.ops.iter().map(|op| CallArg::Pos(self.value(&op.expr))));
        guarded(guard::CHAIN, first, args, span)
    }

    fn conditional(&mut self, expr: &Expr<'a>, node: &Spanned<IfExpr<'a>>, missing: Missing) -> Expr<'a> {
        let test_expr = self.value(&node.test_expr);
        let true_expr = self.expr(&node.true_expr, missing);
        let false_expr = match (&node.false_expr, missing) {
            (Some(otherwise), _) => Some(self.expr(otherwise, missing)),
            (None, Missing::Accepted) => None,
            (None, Missing::Refused) => Some(Self::no_else(expr)),
        };
        Expr::IfExpr(Spanned::new(IfExpr { test_expr, true_expr, false_expr }, node.span()))
    }

    fn no_else(expr: &Expr<'a>) -> Expr<'a> {
        guarded(guard::NO_ELSE, constant((), extent(expr)), Vec::new(), extent(expr))
    }

    fn test(&mut self, whole: &Expr<'a>, node: &Spanned<Test<'a>>) -> Expr<'a> {
        let missing = if matches!(node.name, "defined" | "undefined") { Missing::Accepted } else { Missing::Refused };
        self.known_test(node.name, node.span());
        let expr = self.expr(&node.expr, missing);
        let args = self.args(&node.args);
        Expr::Test(Spanned::new(Test { name: node.name, expr, args }, extent(whole)))
    }

    fn literal(&mut self, expr: &Expr<'a>) -> Expr<'a> {
        let span = expr.span();
        if let Some(value) = expr.as_const() {
            return constant(value, span);
        }
        let mut all = |items: &[Expr<'a>]| items.iter().map(|item| self.value(item)).collect::<Vec<_>>();
        let built = match expr {
            Expr::List(node) => Expr::List(Spanned::new(List { items: all(&node.items) }, span)),
            Expr::Tuple(node) => Expr::Tuple(Spanned::new(Tuple { items: all(&node.items) }, span)),
            Expr::Map(node) => Expr::Map(Spanned::new(Map { keys: all(&node.keys), values: all(&node.values) }, span)),
            other => Self::raw(other),
        };
        guarded(guard::LITERAL, built, Vec::new(), span)
    }
}
