//! Where expressions begin and end, and which names they need.

use crate::eval::rewrite::Rewriting;
use minijinja::machinery::Span;
use minijinja::machinery::ast::Expr;

/// The whole text of an expression. The parser's own spans may begin a token early or late.
pub(in crate::eval) fn extent(expr: &Expr<'_>) -> Span {
    let (mut first, end) = (expr, expr.span());
    loop {
        first = match first {
            Expr::GetAttr(node) => &node.expr,
            Expr::GetItem(node) => &node.expr,
            Expr::Slice(node) => &node.expr,
            Expr::Call(node) => &node.expr,
            Expr::Test(node) => &node.expr,
            Expr::BinOp(node) => &node.left,
            Expr::Compare(node) => &node.expr,
            Expr::IfExpr(node) => &node.true_expr,
            Expr::Filter(node) => match &node.expr {
                Some(expr) => expr,
                None => break,
            },
            Expr::Var(_) | Expr::Const(_) | Expr::UnaryOp(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => break,
        };
    }
    Span { end_line: end.end_line, end_col: end.end_col, end_offset: end.end_offset, ..first.span() }
}

/// A variable with the attributes and constant text items that follow it: its name, and all of it with dots.
pub(super) fn path<'a>(expr: &Expr<'a>) -> Option<(&'a str, String)> {
    match expr {
        Expr::Var(node) => Some((node.id, node.id.to_owned())),
        Expr::GetAttr(node) => path(&node.expr).map(|(root, path)| (root, format!("{path}.{}", node.name))),
        Expr::GetItem(node) => {
            let (root, path) = path(&node.expr)?;
            let key = node.subscript_expr.as_const()?;
            Some((root, format!("{path}.{}", key.as_str()?)))
        }
        _ => None,
    }
}

impl<'a> Rewriting<'a> {
    /// Whether the template itself gives the name its value.
    pub(super) fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|names| names.contains(name))
    }

    /// Notes that the template gives the name a value.
    pub(super) fn declare(&mut self, name: &'a str) {
        if self.locals.is_empty() {
            self.locals.push([name].into());
        } else if let Some(names) = self.locals.last_mut() {
            names.insert(name);
        }
    }

    /// Does something in a scope of its own.
    pub(super) fn scoped<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        if self.locals.is_empty() {
            self.locals.push([].into());
        }
        self.locals.push([].into());
        let made = inside(self);
        self.locals.pop();
        made
    }
}
