//! Operators: what must hold of a value, and what is said when it does not.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::text;
use crate::eval::describe;
use crate::eval::expected::{Expected, Rank, Shape, Subject};
use crate::eval::judge::{self, Verdict};
use crate::eval::scope::Scope;
use crate::eval::template::FreeName;
use crate::eval::value::Value;
use crate::model::assertion::{Comparison, Operator as Written};
use crate::model::yaml::Yaml;
use crate::record::fault::{Fault, FaultKind};

/// An operator, checked.
#[derive(Debug, Clone)]
pub(super) struct Operator {
    negated: bool,
    subject: Subject,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Fixed(Expected),
    Rendered(Shape, Value),
    Nested(Nest, Box<Operator>),
}

/// What a nested operator judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nest {
    Count,
    Length,
    Each,
    Any,
    None,
}

impl Operator {
    /// Checks an operator and what the user wrote beside it.
    pub(super) fn compile(written: &Written, subject: Subject) -> Result<Self, Vec<Diagnostic>> {
        let value = |shape, yaml| value_test(shape, subject, yaml);
        let nest = |nest, inner: &Written, subject| Ok(Test::Nested(nest, Box::new(Self::compile(inner, subject)?)));
        let test = match &written.test {
            Comparison::Equals(yaml) => value(Shape::Equals, yaml),
            Comparison::Contains(yaml) => value(Shape::Contains, yaml),
            Comparison::Matches(yaml) => value(Shape::Matches, yaml),
            Comparison::StartsWith(yaml) => value(Shape::StartsWith, yaml),
            Comparison::EndsWith(yaml) => value(Shape::EndsWith, yaml),
            Comparison::In(yaml) => value(Shape::In, yaml),
            Comparison::Gt(yaml) => value(Shape::Rank(Rank::Greater), yaml),
            Comparison::Ge(yaml) => value(Shape::Rank(Rank::AtLeast), yaml),
            Comparison::Lt(yaml) => value(Shape::Rank(Rank::Less), yaml),
            Comparison::Le(yaml) => value(Shape::Rank(Rank::AtMost), yaml),
            Comparison::Between(yaml) => value(Shape::Between, yaml),
            Comparison::Count(inner) => nest(Nest::Count, inner, Subject::Any),
            Comparison::Length(inner) => nest(Nest::Length, inner, Subject::Any),
            Comparison::Each(inner) => nest(Nest::Each, inner, subject),
            Comparison::Any(inner) => nest(Nest::Any, inner, subject),
            Comparison::None(inner) => nest(Nest::None, inner, subject),
            Comparison::Exists(wanted) => Ok(Test::Fixed(Expected::Exists(wanted.value))),
            Comparison::Empty(wanted) => Ok(Test::Fixed(Expected::Empty(wanted.value))),
            Comparison::Type(name) if describe::TYPES.contains(&name.value.as_str()) => Ok(Test::Fixed(Expected::Type(name.value.clone()))),
            Comparison::Type(name) => {
                let message = format!("type `{}` is unknown, there are {}", name.value, text::names(describe::TYPES.iter().copied()));
                let near = text::nearest(&name.value, describe::TYPES.iter().copied());
                Err(vec![Diagnostic::error(&name.place, message).did_you_mean(near)])
            }
        };
        Ok(Self { negated: written.negated, subject, test: test? })
    }

    /// Renders what is expected.
    pub(super) fn ready(&self, scope: &Scope) -> Result<Ready, Fault> {
        let test = match &self.test {
            Test::Fixed(expected) => ReadyTest::Plain(expected.clone()),
            Test::Nested(nest, inner) => ReadyTest::Nested(*nest, Box::new(inner.ready(scope)?)),
            Test::Rendered(shape, value) => {
                let expected = shape.expect(self.subject, value.render(scope)?);
                ReadyTest::Plain(expected.map_err(|message| Fault::new(FaultKind::Template, format!("{message} ({})", value.place())))?)
            }
        };
        Ok(Ready { negated: self.negated, subject: self.subject, test })
    }

    /// Whether it asks if something was found.
    pub(super) fn asks_existence(&self) -> bool {
        matches!(self.test, Test::Fixed(Expected::Exists(_)))
    }

    /// Whether it counts the values found.
    pub(super) fn counts(&self) -> bool {
        matches!(self.test, Test::Nested(Nest::Count, _))
    }

    /// The names that it needs from outside.
    pub(super) fn free_names(&self) -> Vec<FreeName> {
        match &self.test {
            Test::Fixed(_) => Vec::new(),
            Test::Rendered(_, value) => value.free_names(),
            Test::Nested(_, inner) => inner.free_names(),
        }
    }
}

fn value_test(shape: Shape, subject: Subject, yaml: &Yaml) -> Result<Test, Vec<Diagnostic>> {
    let value = Value::compile(yaml)?;
    match value.constant() {
        Some(data) => {
            let expected = shape.expect(subject, data.clone());
            expected.map(Test::Fixed).map_err(|message| vec![Diagnostic::error(&yaml.place, message)])
        }
        None => Ok(Test::Rendered(shape, value)),
    }
}

/// An operator whose expected values are rendered.
#[derive(Debug)]
pub(super) struct Ready {
    negated: bool,
    subject: Subject,
    test: ReadyTest,
}

#[derive(Debug)]
enum ReadyTest {
    Plain(Expected),
    Nested(Nest, Box<Ready>),
}

/// What an operator looks at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'a> {
    Nothing,
    One(&'a Data),
    Many(&'a [Data]),
}

/// What an operator says of a value.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Whether it holds, `not_` included.
    pub(super) verdict: Verdict,
    /// What was found, as it reads after "got".
    pub(super) got: String,
}

impl Ready {
    /// How the operator reads after "expected"; `show` shows a value.
    pub(super) fn phrase(&self, show: &dyn Fn(&Data) -> String) -> String {
        let show_subject = |data: &Data| self.seconds(data).unwrap_or_else(|| show(data));
        match &self.test {
            ReadyTest::Plain(expected) => expected.phrase(self.negated, &show_subject),
            ReadyTest::Nested(nest, inner) => {
                let inner = inner.phrase(show);
                match (nest, self.negated) {
                    (Nest::Count, false) => format!("a count that is {inner}"),
                    (Nest::Count, true) => format!("a count that is not {inner}"),
                    (Nest::Length, false) => format!("a length that is {inner}"),
                    (Nest::Length, true) => format!("a length that is not {inner}"),
                    (Nest::Each, false) => format!("every value to be {inner}"),
                    (Nest::Each, true) => format!("at least one value not to be {inner}"),
                    (Nest::Any, false) | (Nest::None, true) => format!("at least one value to be {inner}"),
                    (Nest::None, false) | (Nest::Any, true) => format!("no value to be {inner}"),
                }
            }
        }
    }

    /// The text that a search for near lines should look for.
    pub(super) fn wanted(&self) -> Option<String> {
        match &self.test {
            ReadyTest::Plain(expected) => expected.wanted(),
            ReadyTest::Nested(_, inner) => inner.wanted(),
        }
    }

    /// Judges what was found.
    pub(super) fn judge(&self, seen: Seen<'_>) -> Outcome {
        let (verdict, got) = match (&self.test, seen) {
            (ReadyTest::Plain(Expected::Exists(wanted)), _) => {
                let nothing = matches!(seen, Seen::Nothing);
                (Verdict::of(nothing != *wanted), self.got(seen))
            }
            (ReadyTest::Plain(Expected::Empty(wanted)), _) => match emptiness(seen, *wanted) {
                Verdict::Unfit => (Verdict::Unfit, format!("{}, which can never be empty", self.got(seen))),
                verdict => (verdict, self.got(seen)),
            },
            (ReadyTest::Nested(Nest::Count, inner), _) => match count(seen) {
                Some(count) => inner.number(count),
                None => (Verdict::Unfit, format!("{}; a mapping is one value, `length` counts its entries", self.got(seen))),
            },
            // `not_` does not help: what was not found is neither right nor wrong.
            (_, Seen::Nothing) => return Outcome { verdict: Verdict::NotHeld, got: "nothing".to_owned() },
            (ReadyTest::Plain(expected), Seen::One(actual)) => self.plain(expected, actual),
            (ReadyTest::Plain(expected), Seen::Many(items)) => self.plain(expected, &Data::Array(items.to_vec())),
            (ReadyTest::Nested(Nest::Length, inner), _) => match length(seen) {
                Some(length) => inner.number(length),
                None => (Verdict::Unfit, format!("{}, which has no length", self.got(seen))),
            },
            (ReadyTest::Nested(nest, inner), Seen::Many(items)) => inner.items(*nest, items),
            (ReadyTest::Nested(nest, inner), Seen::One(Data::Array(items))) => {
                if items.is_empty() {
                    return Outcome { verdict: Verdict::NotHeld, got: "an empty list".to_owned() };
                }
                inner.items(*nest, items)
            }
            (ReadyTest::Nested(..), Seen::One(other)) => (Verdict::Unfit, format!("{}, which is no list", describe::typed(other))),
        };
        Outcome { verdict: if self.negated { verdict.negated() } else { verdict }, got }
    }

    /// A duration as people write it, exact to the millisecond.
    fn seconds(&self, data: &Data) -> Option<String> {
        let seconds = data.as_f64().filter(|_| self.subject == Subject::Duration)?;
        Some(format!("{}s", (seconds * 1000.0).round() / 1000.0))
    }

    fn got(&self, seen: Seen<'_>) -> String {
        match seen {
            Seen::Nothing => "nothing".to_owned(),
            Seen::One(data) => self.seconds(data).unwrap_or_else(|| describe::shown(data)),
            Seen::Many(items) => describe::shown(&Data::Array(items.iter().take(100).cloned().collect())),
        }
    }

    /// Judges a count or a length.
    fn number(&self, number: usize) -> (Verdict, String) {
        let outcome = self.judge(Seen::One(&Data::from(number)));
        (outcome.verdict, number.to_string())
    }

    fn plain(&self, expected: &Expected, actual: &Data) -> (Verdict, String) {
        let (verdict, compared) = compare(expected, actual);
        let got = match verdict {
            Verdict::Held | Verdict::NotHeld => self.got(Seen::One(actual)),
            Verdict::Unfit => format!("{}{}", describe::typed(actual), compared.map_or("", |expected| judge::remedy(actual, &expected))),
        };
        (verdict, got)
    }

    /// Judges each of several values; `self` is the nested operator.
    fn items(&self, nest: Nest, items: &[Data]) -> (Verdict, String) {
        let mut unfit = None;
        let mut held = Vec::new();
        let mut missed = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match self.judge(Seen::One(item)).verdict {
                Verdict::Unfit => unfit = unfit.or(Some(index)),
                Verdict::Held => held.push(index),
                Verdict::NotHeld => missed.push(index),
            }
        }
        let at = |index: usize| format!("{} as value {} of {}", self.judge(Seen::One(&items[index])).got, index + 1, items.len());
        let all_shown = || self.got(Seen::Many(items));
        let several = |indexes: &[usize]| match indexes {
            [] => all_shown(),
            [only] => at(*only),
            [first, rest @ ..] => format!("{}, and {} like it", at(*first), rest.len()),
        };
        match (nest, unfit) {
            (Nest::Any, _) if !held.is_empty() => (Verdict::Held, several(&held)),
            (Nest::None, _) if !held.is_empty() => (Verdict::NotHeld, several(&held)),
            (_, Some(index)) => (Verdict::Unfit, at(index)),
            (Nest::Any, None) => (Verdict::NotHeld, all_shown()),
            (Nest::None, None) => (Verdict::Held, all_shown()),
            (Nest::Each | Nest::Count | Nest::Length, None) => (Verdict::of(missed.is_empty()), several(&missed)),
        }
    }
}

/// Compares one value; the second part is the expected value to suggest a remedy for.
fn compare(expected: &Expected, actual: &Data) -> (Verdict, Option<Data>) {
    let unfit = |expected: Data| (Verdict::Unfit, Some(expected));
    let text = |expected: &str, holds: &dyn Fn(&str) -> bool| match actual {
        Data::String(actual) => (Verdict::of(holds(actual)), None),
        _ => unfit(Data::from(expected)),
    };
    match (expected, actual) {
        (Expected::Equals(data), _) => (judge::equal(actual, data), Some(data.clone())),
        (Expected::Contains(Data::String(part)), Data::String(whole)) => (Verdict::of(whole.contains(part.as_str())), None),
        (Expected::Contains(Data::String(key)), Data::Object(map)) => (Verdict::of(map.contains_key(key)), None),
        (Expected::Contains(data), Data::Array(items)) => (judge::among(data, items), None),
        (Expected::Contains(data), _) => unfit(data.clone()),
        (Expected::Matches(pattern), _) => text(pattern.as_str(), &|actual| pattern.is_match(actual)),
        (Expected::StartsWith(start), _) => text(start, &|actual| actual.starts_with(start)),
        (Expected::EndsWith(end), _) => text(end, &|actual| actual.ends_with(end)),
        (Expected::In(items), _) => (judge::among(actual, items), items.first().cloned()),
        (Expected::Rank(rank, bound), _) => match judge::against(actual, bound) {
            Some(ordering) => (Verdict::of(rank.accepts(ordering)), None),
            None => unfit(Data::Number(bound.clone())),
        },
        (Expected::Between(from, to), _) => match (judge::against(actual, from), judge::against(actual, to)) {
            (Some(low), Some(high)) => (Verdict::of(low.is_ge() && high.is_le()), None),
            _ => unfit(Data::Number(from.clone())),
        },
        (Expected::Type(name), _) => (Verdict::of(describe::type_name(actual) == name), None),
        (Expected::Exists(wanted), _) => (Verdict::of(*wanted), None),
        (Expected::Empty(wanted), _) => (emptiness(Seen::One(actual), *wanted), None),
    }
}

/// Whether it is empty, as wanted. What can never be empty does not fit.
fn emptiness(seen: Seen<'_>, wanted: bool) -> Verdict {
    let empty = match seen {
        Seen::Nothing => true,
        Seen::Many(items) => items.is_empty(),
        Seen::One(Data::String(text)) => text.is_empty(),
        Seen::One(Data::Array(items)) => items.is_empty(),
        Seen::One(Data::Object(map)) => map.is_empty(),
        Seen::One(Data::Null | Data::Bool(_) | Data::Number(_)) => return Verdict::Unfit,
    };
    Verdict::of(empty == wanted)
}

/// The number of values; `None` for a mapping, of which both 1 and the number of its entries could be meant.
fn count(seen: Seen<'_>) -> Option<usize> {
    match seen {
        Seen::Nothing => Some(0),
        Seen::Many(items) => Some(items.len()),
        Seen::One(Data::Array(items)) => Some(items.len()),
        Seen::One(Data::Object(_)) => None,
        Seen::One(_) => Some(1),
    }
}

fn length(seen: Seen<'_>) -> Option<usize> {
    match seen {
        Seen::Many(items) => Some(items.len()),
        Seen::One(Data::String(text)) => Some(text.chars().count()),
        Seen::One(Data::Array(items)) => Some(items.len()),
        Seen::One(Data::Object(map)) => Some(map.len()),
        Seen::Nothing | Seen::One(_) => None,
    }
}
