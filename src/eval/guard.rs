//! The guards that `rewrite` puts into every expression. They are filters under names that nobody can write.

#![expect(clippy::needless_pass_by_value, reason = "the engine hands the arguments of a filter over by value")]

use crate::eval::budget::Budget;
use crate::eval::compare::Operator;
use crate::eval::convert::{self, Sort};
use crate::eval::refusal::Refusal;
use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, Output, State, Value};
use std::fmt::{self, Write as _};

/// Refuses undefined.
pub(super) const DEFINED: &str = "!defined";
/// Refuses undefined, and pays for a pass over the value.
pub(super) const CHARGED: &str = "!charged";
/// Pays for a list, tuple or mapping that was written out, with all that it holds.
pub(super) const LITERAL: &str = "!literal";
/// Pays for what `+`, `*` or `~` made.
pub(super) const SIZED: &str = "!sized";
/// Refuses a boolean in a calculation.
pub(super) const OPERAND: &str = "!operand";
/// Refuses null beside `~`.
pub(super) const TEXT: &str = "!text";
/// Compares: `left | !compare(sign, right)`.
pub(super) const COMPARE: &str = "!compare";
/// Compares in a chain: `first | !chain("< <=", second, third)`.
pub(super) const CHAIN: &str = "!chain";
/// Refuses everything but true and false.
pub(super) const BOOLEAN: &str = "!boolean";
/// Stands for the `else` that was not written, and refuses.
pub(super) const NO_ELSE: &str = "!noelse";
/// Refuses null before a slice.
pub(super) const SLICED: &str = "!sliced";
/// Checks the step of a slice: `step | !step(has_bounds)`.
pub(super) const STEP: &str = "!step";
/// Copies a value for an attribute of a namespace, so that no namespace holds itself.
pub(super) const PLAIN: &str = "!plain";

/// Makes the guards known.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter(DEFINED, defined);
    environment.add_filter(CHARGED, charged);
    environment.add_filter(SIZED, charged);
    environment.add_filter(LITERAL, literal);
    environment.add_filter(OPERAND, operand);
    environment.add_filter(TEXT, text);
    environment.add_filter(COMPARE, compare);
    environment.add_filter(CHAIN, chain);
    environment.add_filter(BOOLEAN, boolean);
    environment.add_filter(NO_ELSE, no_else);
    environment.add_filter(SLICED, sliced);
    environment.add_filter(STEP, step);
    environment.add_filter(PLAIN, plain);
    environment.set_formatter(emit);
}

fn defined(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() { Err(Refusal::Undefined.into()) } else { Ok(value.clone()) }
}

fn charged(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    Budget::of(state).pass(value)?;
    defined(value)
}

fn literal(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    Budget::of(state).weigh(value, 0)?;
    Ok(value.clone())
}

fn operand(value: &Value) -> Result<Value, Error> {
    match Sort::of(value) {
        Sort::Boolean => Err(Refusal::NoOperand(Sort::Boolean.noun()).into()),
        _ => defined(value),
    }
}

fn text(value: &Value) -> Result<Value, Error> {
    if value.is_none() { Err(Refusal::NullText.into()) } else { defined(value) }
}

fn operator(sign: &str) -> Result<Operator, Error> {
    Operator::named(sign).ok_or_else(|| Error::from(ErrorKind::UnknownTest))
}

fn compare(state: &mut State<'_, '_>, left: &Value, sign: &str, right: &Value) -> Result<bool, Error> {
    Ok(operator(sign)?.holds(left, right, Budget::of(state))?)
}

fn chain(state: &mut State<'_, '_>, first: &Value, signs: &str, others: Rest<Value>) -> Result<bool, Error> {
    let mut left = first;
    for (sign, right) in signs.split(' ').zip(others.iter()) {
        if !operator(sign)?.holds(left, right, Budget::of(state))? {
            return Ok(false);
        }
        left = right;
    }
    Ok(true)
}

fn boolean(value: &Value) -> Result<bool, Error> {
    match Sort::of(value) {
        Sort::Boolean => Ok(value.is_true()),
        Sort::Undefined => Err(Refusal::Undefined.into()),
        other => Err(Refusal::NotBoolean(other.noun()).into()),
    }
}

fn no_else(_nothing: &Value) -> Result<Value, Error> {
    Err(Refusal::NoElse.into())
}

fn sliced(value: &Value) -> Result<Value, Error> {
    match Sort::of(value) {
        Sort::Text | Sort::List => Ok(value.clone()),
        Sort::Undefined => Err(Refusal::Undefined.into()),
        other => Err(Refusal::NotContainer(other.noun()).into()),
    }
}

/// The engine's arithmetic for backward slices with bounds can pass the ends of a number.
fn step(value: &Value, has_bounds: bool) -> Result<Value, Error> {
    match value.as_i64() {
        Some(step) if step < 0 && has_bounds => Err(Refusal::BackwardsSlice.into()),
        Some(step) if step.unsigned_abs() > 1_000_000_000 => Err(Refusal::OutOfReach(format!("the step {step}")).into()),
        _ => Ok(value.clone()),
    }
}

fn plain(value: &Value) -> Result<Value, Error> {
    Ok(convert::from_data(&convert::to_data(value)?))
}

/// Writes the value of `{{ }}` into the text.
fn emit(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let budget = Budget::of(state);
    let shown = match Sort::of(value) {
        Sort::Undefined => return Err(Refusal::Undefined.into()),
        Sort::Null => return Err(Refusal::NullText.into()),
        Sort::Other => return Err(Refusal::NotData(Sort::Other.noun()).into()),
        Sort::Text => {
            let text = value.as_str().unwrap_or_default();
            budget.write(text.len())?;
            return Ok(out.write_str(text)?);
        }
        Sort::Boolean | Sort::Number | Sort::List | Sort::Mapping => bounded(value, budget)?,
    };
    budget.write(shown.len())?;
    Ok(out.write_str(&shown)?)
}

/// The text of a value, given up as soon as it is longer than what may be written.
pub(super) fn bounded(value: &Value, budget: &mut Budget) -> Result<String, Refusal> {
    budget.weigh(value, 0)?;
    let mut text = Bounded { text: String::new(), left: budget.output_left() };
    write!(text, "{value}").map_err(|_| Refusal::TooLarge("16 MiB of text"))?;
    Ok(text.text)
}

/// A text that stops growing.
struct Bounded {
    text: String,
    left: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.left = self.left.checked_sub(part.len()).ok_or(fmt::Error)?;
        self.text.push_str(part);
        Ok(())
    }
}
