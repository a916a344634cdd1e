//! Comparisons of data that decide assertions. A wrong type is neither held nor not held: it never lets an assertion
//! hold, with `not_` or without.

use crate::base::Data;
use crate::eval::convert;
use serde_json::Number;
use std::cmp::Ordering;

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It holds.
    Held,
    /// It does not.
    NotHeld,
    /// The types do not meet.
    Unfit,
}

impl Verdict {
    /// From a truth value.
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Held } else { Self::NotHeld }
    }

    /// The opposite, where there is one.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Held => Self::NotHeld,
            Self::NotHeld => Self::Held,
            Self::Unfit => Self::Unfit,
        }
    }
}

/// Whether two values are equal, all the way down. 1 and 1.0 are the same number; null equals only null.
pub(super) fn equal(actual: &Data, expected: &Data) -> Verdict {
    match (actual, expected) {
        (Data::Null, _) | (_, Data::Null) | (Data::Bool(_), Data::Bool(_)) | (Data::String(_), Data::String(_)) => {
            Verdict::of(actual == expected)
        }
        (Data::Number(a), Data::Number(b)) => Verdict::of(order(a, b).is_eq()),
        (Data::Array(a), Data::Array(b)) if a.len() != b.len() => Verdict::NotHeld,
        (Data::Array(a), Data::Array(b)) => all(a.iter().zip(b).map(|(a, b)| equal(a, b))),
        (Data::Object(a), Data::Object(b)) if a.len() != b.len() => Verdict::NotHeld,
        (Data::Object(a), Data::Object(b)) => all(a.iter().map(|(key, a)| b.get(key).map_or(Verdict::NotHeld, |b| equal(a, b)))),
        _ => Verdict::Unfit,
    }
}

/// Held when all are, and unfit when any is.
fn all(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut worst = Verdict::Held;
    for verdict in verdicts {
        match verdict {
            Verdict::Unfit => return Verdict::Unfit,
            Verdict::NotHeld => worst = Verdict::NotHeld,
            Verdict::Held => {}
        }
    }
    worst
}

/// Whether a value is one of several. Where it is none of them and could not have been one of them, it is unfit.
pub(super) fn among(value: &Data, items: &[Data]) -> Verdict {
    let mut missed = Verdict::NotHeld;
    for item in items {
        match equal(item, value) {
            Verdict::Held => return Verdict::Held,
            Verdict::Unfit => missed = Verdict::Unfit,
            Verdict::NotHeld => {}
        }
    }
    missed
}

/// The order of two numbers, exact for integers and for integers beside floats.
pub(super) fn order(a: &Number, b: &Number) -> Ordering {
    convert::from_data(&Data::Number(a.clone())).cmp(&convert::from_data(&Data::Number(b.clone())))
}

/// The order of a value and a number; `None` when the value is no number.
pub(super) fn against(actual: &Data, expected: &Number) -> Option<Ordering> {
    match actual {
        Data::Number(actual) => Some(order(actual, expected)),
        _ => None,
    }
}

/// What to add to an assertion whose value has the wrong type, where something helps.
pub(super) fn remedy(actual: &Data, expected: &Data) -> &'static str {
    match (actual, expected) {
        (Data::String(text), Data::Number(_)) if text.trim().parse::<i64>().is_ok() => "; add `as: int`",
        (Data::String(text), Data::Number(_)) if text.trim().parse::<f64>().is_ok() => "; add `as: float`",
        (Data::Number(_) | Data::Bool(_), Data::String(_)) => "; add `as: text`, or remove the quotes",
        (Data::String(_), Data::Number(_) | Data::Bool(_)) => "; quote what is expected if it is text",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equality_is_exact_deep_and_never_across_types() {
        for (a, b, verdict) in [
            (json!(1), json!(1.0), Verdict::Held),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), Verdict::NotHeld),
            (json!(u64::MAX), json!(-1), Verdict::NotHeld),
            (json!(u64::MAX), json!(u64::MAX), Verdict::Held),
            (json!(0.1), json!(0.1), Verdict::Held),
            (json!("a"), json!("a "), Verdict::NotHeld),
            (json!("1"), json!(1), Verdict::Unfit),
            (json!(true), json!(1), Verdict::Unfit),
            (json!(null), json!(0), Verdict::NotHeld),
            (json!(null), json!(null), Verdict::Held),
            (json!([1, {"a": 2.0}]), json!([1.0, {"a": 2}]), Verdict::Held),
            (json!([1, 2]), json!([2, 1]), Verdict::NotHeld),
            (json!([1]), json!([1, 2]), Verdict::NotHeld),
            (json!([1, "2"]), json!([5, 2]), Verdict::Unfit),
            (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), Verdict::Held),
            (json!({"a": 1}), json!({"b": 1}), Verdict::NotHeld),
            (json!({"a": "1"}), json!({"a": 1}), Verdict::Unfit),
            (json!([]), json!({}), Verdict::Unfit),
        ] {
            assert_eq!(equal(&a, &b), verdict, "{a} and {b}");
            assert_eq!(equal(&b, &a), verdict, "{b} and {a}");
        }
    }

    #[test]
    fn numbers_are_ordered_exactly() {
        for (a, b, ordering) in [
            (json!(1), json!(2), Ordering::Less),
            (json!(2.5), json!(2), Ordering::Greater),
            (json!(-1), json!(u64::MAX), Ordering::Less),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), Ordering::Greater),
            (json!(1e300), json!(i64::MAX), Ordering::Greater),
            (json!(0.0), json!(-0.0), Ordering::Equal),
        ] {
            let (a, b) = (a.as_number().expect("a number").clone(), b.as_number().expect("a number").clone());
            assert_eq!(order(&a, &b), ordering, "{a} and {b}");
            assert_eq!(order(&b, &a), ordering.reverse(), "{b} and {a}");
        }
    }
}
