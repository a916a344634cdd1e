//! Statements: rebuilt where they are supported, refused where they are not.

use crate::eval::guard;
use crate::eval::rewrite::{Frame, Rewriting, constant, extent, guarded};
use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    Break, CallBlock, Continue, Do, EmitExpr, EmitRaw, Expr, FilterBlock, ForLoop, GetAttr, IfCond, List, Macro, Set, SetBlock, Spanned,
    Stmt, Template, Var, WithBlock,
};

impl<'a> Rewriting<'a> {
    /// Rebuilds a template.
    pub(in crate::eval) fn statement(&mut self, statement: &Stmt<'a>) -> Stmt<'a> {
        match statement {
            Stmt::Template(node) => Stmt::Template(Spanned::new(Template { children: self.all(&node.children) }, node.span())),
            Stmt::EmitExpr(node) => Stmt::EmitExpr(Spanned::new(EmitExpr { expr: self.emitted(&node.expr) }, node.span())),
            Stmt::EmitRaw(node) => self.raw_text(node),
            Stmt::ForLoop(node) => Stmt::ForLoop(Spanned::new(self.for_loop(node), node.span())),
            Stmt::IfCond(node) => {
                let expr = self.value(&node.expr);
                let (true_body, false_body) = (self.all(&node.true_body), self.all(&node.false_body));
                Stmt::IfCond(Spanned::new(IfCond { expr, true_body, false_body }, node.span()))
            }
            Stmt::WithBlock(node) => self.scoped(|inner| {
                let assign = |(target, expr): &(Expr<'a>, Expr<'a>)| {
                    let expr = inner.value(expr);
                    (inner.target(target), expr)
                };
                let assignments = node.assignments.iter().map(assign).collect();
                let body = inner.framed(Frame::Other, &node.body);
                Stmt::WithBlock(Spanned::new(WithBlock { assignments, body }, node.span()))
            }),
            Stmt::Set(node) => Stmt::Set(Spanned::new(self.set(node), node.span())),
            Stmt::SetBlock(node) => {
                let body = self.framed(Frame::Other, &node.body);
                let filter = node.filter.as_ref().map(|filter| self.value(filter));
                Stmt::SetBlock(Spanned::new(SetBlock { target: self.target(&node.target), filter, body }, node.span()))
            }
            Stmt::FilterBlock(node) => {
                let body = self.framed(Frame::Other, &node.body);
                Stmt::FilterBlock(Spanned::new(FilterBlock { filter: self.value(&node.filter), body }, node.span()))
            }
            Stmt::Macro(node) => {
                self.declare(node.name);
                Stmt::Macro(Spanned::new(self.definition(node), node.span()))
            }
            Stmt::CallBlock(node) => {
                let call = Spanned::new(self.call(&node.call), node.call.span());
                let macro_decl = Spanned::new(self.definition(&node.macro_decl), node.macro_decl.span());
                Stmt::CallBlock(Spanned::new(CallBlock { call, macro_decl }, node.span()))
            }
            Stmt::Continue(node) => {
                self.inside_loop("continue", node.span());
                Stmt::Continue(Spanned::new(Continue, node.span()))
            }
            Stmt::Break(node) => {
                self.inside_loop("break", node.span());
                Stmt::Break(Spanned::new(Break, node.span()))
            }
            Stmt::Do(node) => Stmt::Do(Spanned::new(Do { call: Spanned::new(self.call(&node.call), node.call.span()) }, node.span())),
            Stmt::AutoEscape(node) => self.unavailable("autoescape", node.span()),
            Stmt::Block(node) => self.unavailable("block", node.span()),
            Stmt::Extends(node) => self.unavailable("extends", node.span()),
            Stmt::Include(node) => self.unavailable("include", node.span()),
            Stmt::Import(node) => self.unavailable("import", node.span()),
            Stmt::FromImport(node) => self.unavailable("from", node.span()),
        }
    }

    fn unavailable(&mut self, tag: &str, span: Span) -> Stmt<'a> {
        self.problem(format!("`{{% {tag} %}}` is not available here"), span);
        Stmt::EmitExpr(Spanned::new(EmitExpr { expr: guarded(guard::NO_ELSE, constant((), span), Vec::new(), span) }, span))
    }

    fn all(&mut self, statements: &[Stmt<'a>]) -> Vec<Stmt<'a>> {
        statements.iter().map(|statement| self.statement(statement)).collect()
    }

    fn framed(&mut self, frame: Frame, statements: &[Stmt<'a>]) -> Vec<Stmt<'a>> {
        self.frames.push(frame);
        let rebuilt = self.all(statements);
        self.frames.pop();
        rebuilt
    }

    /// The engine would leave a `with`, `set` or `filter` block by a jump and not tidy up after it.
    fn inside_loop(&mut self, tag: &str, span: Span) {
        if self.frames.last() != Some(&Frame::Loop) {
            self.problem(format!("`{{% {tag} %}}` must stand in a loop, and in no other block within it but `if`"), span);
        }
    }

    /// A call that is written out at once needs no guard: writing refuses undefined, and `loop(...)` must be seen as such.
    fn emitted(&mut self, expr: &Expr<'a>) -> Expr<'a> {
        match expr {
            Expr::Call(node) => Expr::Call(Spanned::new(self.call(node), extent(expr))),
            other => self.value(other),
        }
    }

    /// Text in a loop or macro is written like a value, so that it is paid for each time.
    fn raw_text(&mut self, node: &Spanned<EmitRaw<'a>>) -> Stmt<'a> {
        if self.frames.iter().any(|frame| *frame != Frame::Other) {
            let expr = constant(node.raw, node.span());
            return Stmt::EmitExpr(Spanned::new(EmitExpr { expr }, node.span()));
        }
        Stmt::EmitRaw(Spanned::new(EmitRaw { raw: node.raw }, node.span()))
    }

    fn for_loop(&mut self, node: &Spanned<ForLoop<'a>>) -> ForLoop<'a> {
        let iter = self.value(&node.iter);
        let (target, filter_expr, body) = self.scoped(|inner| {
            let target = inner.target(&node.target);
            let filter_expr = node.filter_expr.as_ref().map(|filter| inner.value(filter));
            inner.declare("loop");
            (target, filter_expr, inner.framed(Frame::Loop, &node.body))
        });
        ForLoop { target, iter, filter_expr, recursive: node.recursive, body, else_body: self.all(&node.else_body) }
    }

    fn set(&mut self, node: &Spanned<Set<'a>>) -> Set<'a> {
        let expr = self.value(&node.expr);
        let sets_attribute = match &node.target {
            Expr::List(targets) => targets.items.iter().any(|target| !matches!(target, Expr::Var(_))),
            target => !matches!(target, Expr::Var(_)),
        };
        let expr = if sets_attribute { guarded(guard::PLAIN, expr, Vec::new(), node.target.span()) } else { expr };
        Set { target: self.target(&node.target), expr }
    }

    fn target(&mut self, target: &Expr<'a>) -> Expr<'a> {
        match target {
            Expr::Var(node) => {
                self.declare(node.id);
                Expr::Var(Spanned::new(Var { id: node.id }, node.span()))
            }
            Expr::List(node) => {
                let items = node.items.iter().map(|item| self.target(item)).collect();
                Expr::List(Spanned::new(List { items }, node.span()))
            }
            Expr::GetAttr(node) => Expr::GetAttr(Spanned::new(GetAttr { expr: self.value(&node.expr), name: node.name }, node.span())),
            other => self.value(other),
        }
    }

    fn definition(&mut self, node: &Spanned<Macro<'a>>) -> Macro<'a> {
        self.scoped(|inner| {
            let args = node.args.iter().map(|arg| inner.target(arg)).collect();
            inner.declare("caller");
            let defaults = node.defaults.iter().map(|default| inner.value(default)).collect();
            Macro { name: node.name, args, defaults, body: inner.framed(Frame::Macro, &node.body) }
        })
    }
}
