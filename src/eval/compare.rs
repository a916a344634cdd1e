//! Comparisons in expressions. Kinds that do not meet are refused, never unequal and never out of order in silence.

use crate::eval::budget::Budget;
use crate::eval::convert::{DEEPEST, Sort, items};
use crate::eval::refusal::Refusal;
use minijinja::Value;
use std::cmp::Ordering;

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

impl Operator {
    /// A name for it that has no blank.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::In => "in",
            Self::NotIn => "not-in",
        }
    }

    /// The operator of that name.
    pub(super) fn named(sign: &str) -> Option<Self> {
        let all = [Self::Eq, Self::Ne, Self::Lt, Self::Le, Self::Gt, Self::Ge, Self::In, Self::NotIn];
        all.into_iter().find(|operator| operator.sign() == sign)
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// Kinds that do not meet, undefined, and more work than the budget allows.
    pub(super) fn holds(self, left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Refusal> {
        match self {
            Self::Eq => equal(left, right, budget, 0),
            Self::Ne => equal(left, right, budget, 0).map(|equal| !equal),
            Self::Lt => order(left, right, budget, 0).map(Ordering::is_lt),
            Self::Le => order(left, right, budget, 0).map(Ordering::is_le),
            Self::Gt => order(left, right, budget, 0).map(Ordering::is_gt),
            Self::Ge => order(left, right, budget, 0).map(Ordering::is_ge),
            Self::In => contains(right, left, budget),
            Self::NotIn => contains(right, left, budget).map(|contains| !contains),
        }
    }
}

fn kinds(left: &Value, right: &Value) -> Refusal {
    Refusal::Kinds { left: Sort::of(left).noun(), right: Sort::of(right).noun() }
}

/// Whether two values are the same. Anything may be compared with null; apart from that only like with like, all the way down.
pub(super) fn equal(left: &Value, right: &Value, budget: &mut Budget, depth: usize) -> Result<bool, Refusal> {
    budget.work(1)?;
    if depth > DEEPEST {
        return Err(Refusal::TooDeep(DEEPEST));
    }
    match (Sort::of(left), Sort::of(right)) {
        (Sort::Undefined, _) | (_, Sort::Undefined) => Err(Refusal::Undefined),
        (Sort::Null, Sort::Null) => Ok(true),
        (Sort::Null, _) | (_, Sort::Null) => Ok(false),
        (Sort::Boolean, Sort::Boolean) => Ok(left == right),
        (Sort::Number, Sort::Number) => numbers(left, right).map(Ordering::is_eq),
        (Sort::Text, Sort::Text) => {
            budget.pass(left)?;
            Ok(left.as_str() == right.as_str())
        }
        (Sort::List, Sort::List) => {
            let (mut left, mut right) = (items(left)?, items(right)?);
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return Ok(true),
                    (Some(a), Some(b)) if equal(&a, &b, budget, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
        }
        (Sort::Mapping, Sort::Mapping) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for key in items(left)? {
                let (a, b) = (left.get_item(&key).unwrap_or_default(), right.get_item(&key).unwrap_or_default());
                if b.is_undefined() || !equal(&a, &b, budget, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Err(kinds(left, right)),
    }
}

/// Which of two values comes first: numbers, texts, and lists of them.
pub(super) fn order(left: &Value, right: &Value, budget: &mut Budget, depth: usize) -> Result<Ordering, Refusal> {
    budget.work(1)?;
    if depth > DEEPEST {
        return Err(Refusal::TooDeep(DEEPEST));
    }
    match (Sort::of(left), Sort::of(right)) {
        (Sort::Undefined, _) | (_, Sort::Undefined) => Err(Refusal::Undefined),
        (Sort::Number, Sort::Number) => numbers(left, right),
        (Sort::Text, Sort::Text) => {
            budget.pass(left)?;
            Ok(left.as_str().cmp(&right.as_str()))
        }
        (Sort::List, Sort::List) => {
            let (mut left, mut right) = (items(left)?, items(right)?);
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return Ok(Ordering::Equal),
                    (None, Some(_)) => return Ok(Ordering::Less),
                    (Some(_), None) => return Ok(Ordering::Greater),
                    (Some(a), Some(b)) => match order(&a, &b, budget, depth + 1)? {
                        Ordering::Equal => {}
                        unequal => return Ok(unequal),
                    },
                }
            }
        }
        (a, b) if a == b => Err(Refusal::Unordered(a.noun())),
        _ => Err(kinds(left, right)),
    }
}

fn numbers(left: &Value, right: &Value) -> Result<Ordering, Refusal> {
    let is_nan = |value: &Value| !value.is_integer() && f64::try_from(value.clone()).is_ok_and(f64::is_nan);
    if is_nan(left) || is_nan(right) {
        return Err(Refusal::NotFinite);
    }
    Ok(left.cmp(right))
}

/// Whether `needle` is in a text, list or mapping. Where it is not found and could not have been equal, that is refused.
fn contains(haystack: &Value, needle: &Value, budget: &mut Budget) -> Result<bool, Refusal> {
    budget.pass(haystack)?;
    match (Sort::of(haystack), Sort::of(needle)) {
        (_, Sort::Undefined) | (Sort::Undefined, _) => Err(Refusal::Undefined),
        (Sort::Text, Sort::Text) => Ok(haystack.as_str().unwrap_or_default().contains(needle.as_str().unwrap_or_default())),
        (Sort::List, _) => {
            let mut unlike = None;
            for item in items(haystack)? {
                match equal(&item, needle, budget, 0) {
                    Ok(true) => return Ok(true),
                    Ok(false) => {}
                    Err(Refusal::Kinds { left, right }) => unlike = Some(Refusal::Kinds { left: right, right: left }),
                    Err(other) => return Err(other),
                }
            }
            unlike.map_or(Ok(false), Err)
        }
        (Sort::Mapping, Sort::Text) => Ok(haystack.get_item(needle).is_ok_and(|found| !found.is_undefined())),
        (Sort::Text | Sort::Mapping, _) => Err(Refusal::Kinds { left: Sort::of(needle).noun(), right: "text" }),
        (other, _) => Err(Refusal::NotContainer(other.noun())),
    }
}
