//! Filters, tests, functions and methods that stand in for the engine's own, where those would convert in silence,
//! compare across kinds, or grow without bound.

#![expect(clippy::needless_pass_by_value, reason = "the engine hands the arguments of a filter over by value")]

use crate::eval::budget::Budget;
use crate::eval::compare::{self, Operator};
use crate::eval::convert::{self, Sort};
use crate::eval::guard;
use crate::eval::refusal::Refusal;
use minijinja::value::{Kwargs, Rest, StringInput, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters, functions};
use minijinja_contrib::pycompat;
use std::borrow::Cow;

/// The most columns, repetitions or slots that a filter may be asked for.
const REACH: usize = 100_000;

/// Replaces what must be replaced.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter("bool", bool);
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_filter("string", string);
    environment.add_filter("tojson", tojson);
    environment.add_filter("replace", replace);
    environment.add_filter("join", join);
    environment.add_filter("indent", indent);
    environment.add_filter("format", format);
    environment.add_filter("batch", batch);
    environment.add_filter("slice", slice);
    environment.add_filter("min", min);
    environment.add_filter("max", max);
    environment.add_filter("sort", sort);
    environment.add_filter("unique", unique);
    environment.add_filter("sum", sum);
    environment.add_filter("groupby", groupby);
    environment.add_filter("selectattr", selectattr);
    environment.add_filter("rejectattr", rejectattr);
    environment.add_test("odd", odd);
    environment.add_test("even", even);
    environment.add_test("divisibleby", divisibleby);
    environment.add_test("startingwith", startingwith);
    environment.add_test("endingwith", endingwith);
    environment.add_filter("zip", zip);
    environment.remove_filter("pprint");
    environment.remove_filter("safe");
    environment.remove_filter("escape");
    environment.remove_filter("e");
    environment.remove_test("safe");
    environment.remove_test("escaped");
    environment.add_function("range", range);
    // It shows every variable, secrets included.
    environment.remove_global("debug");
    environment.set_unknown_method_callback(method);
    for (name, test) in TESTS {
        environment.add_test(*name, move |state: &mut State<'_, '_>, left: Value, right: Value| {
            test.holds(&left, &right, Budget::of(state)).map_err(Error::from)
        });
    }
}

/// The tests that compare, as in `select('gt', 3)`.
const TESTS: &[(&str, Operator)] = &[
    ("eq", Operator::Eq),
    ("equalto", Operator::Eq),
    ("==", Operator::Eq),
    ("sameas", Operator::Eq),
    ("ne", Operator::Ne),
    ("!=", Operator::Ne),
    ("lt", Operator::Lt),
    ("lessthan", Operator::Lt),
    ("<", Operator::Lt),
    ("le", Operator::Le),
    ("<=", Operator::Le),
    ("gt", Operator::Gt),
    ("greaterthan", Operator::Gt),
    (">", Operator::Gt),
    ("ge", Operator::Ge),
    (">=", Operator::Ge),
    ("in", Operator::In),
];

fn bool(value: &Value) -> Result<bool, Error> {
    let refused = || Err(Refusal::NoTruth(Sort::of(value).noun()).into());
    match Sort::of(value) {
        Sort::Boolean => Ok(value.is_true()),
        Sort::Text => match value.as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => refused(),
        },
        Sort::Number => match value.as_i64() {
            Some(1) => Ok(true),
            Some(0) => Ok(false),
            _ => refused(),
        },
        _ => refused(),
    }
}

fn int(state: &State<'_, '_>, value: &Value, default: Option<Value>, base: Option<u32>, kwargs: Kwargs) -> Result<Value, Error> {
    if value.is_none() && default.is_none() && !kwargs.has("default") {
        return Err(Refusal::NullNumber.into());
    }
    filters::int(state, value, default, base, kwargs)
}

fn float(state: &State<'_, '_>, value: &Value, default: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    if value.is_none() && default.is_none() && !kwargs.has("default") {
        return Err(Refusal::NullNumber.into());
    }
    filters::float(state, value, default, kwargs)
}

fn string(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    match Sort::of(value) {
        Sort::Null => Err(Refusal::NullText.into()),
        Sort::Text => Ok(value.clone()),
        _ => Ok(Value::from(guard::bounded(value, Budget::of(state))?)),
    }
}

/// Plain JSON: nothing is escaped for HTML, which nobody writes here.
fn tojson(value: &Value, kwargs: Kwargs) -> Result<String, Error> {
    let indent: Option<Value> = kwargs.get("indent")?;
    kwargs.assert_all_used()?;
    let data = convert::to_data(value)?;
    let shown = if indent.is_some_and(|indent| indent.is_true()) { format!("{data:#}") } else { data.to_string() };
    Ok(shown)
}

fn replace(state: &mut State<'_, '_>, value: StringInput<'_>, from: StringInput<'_>, to: StringInput<'_>) -> Result<String, Error> {
    replaced(Budget::of(state), value.as_str(), from.as_str(), to.as_str())?;
    Ok(value.as_str().replace(from.as_str(), to.as_str()))
}

/// Pays for a replacement before it is made.
fn replaced(budget: &mut Budget, text: &str, from: &str, to: &str) -> Result<(), Refusal> {
    budget.bytes(text.len())?;
    budget.bytes(text.matches(from).count().saturating_mul(to.len()))
}

fn join(state: &mut State<'_, '_>, value: &Value, joiner: Option<&str>, kwargs: Kwargs) -> Result<String, Error> {
    let attribute: Option<Value> = kwargs.get("attribute")?;
    kwargs.assert_all_used()?;
    let value = match attribute {
        Some(attribute) => state.apply_filter("map", &[value.clone(), Kwargs::from_iter([("attribute", attribute)]).into()])?,
        None => value.clone(),
    };
    joined(state, &value, joiner.unwrap_or_default())
}

fn joined(state: &mut State<'_, '_>, value: &Value, joiner: &str) -> Result<String, Error> {
    let mut text = String::new();
    for (index, item) in convert::items(value)?.enumerate() {
        if index > 0 {
            text.push_str(joiner);
        }
        match item.as_str() {
            Some(part) => text.push_str(part),
            None if item.is_none() => return Err(Refusal::NullText.into()),
            None => text.push_str(&guard::bounded(&item, Budget::of(state))?),
        }
        Budget::of(state).bytes(joiner.len() + item.as_str().map_or(1, str::len))?;
    }
    Ok(text)
}

/// Refuses what asks for more columns, repetitions or slots than anybody needs.
fn reachable(what: &str, number: Option<usize>) -> Result<(), Refusal> {
    match number {
        Some(number) if number > REACH => Err(Refusal::OutOfReach(format!("{number} {what}"))),
        _ => Ok(()),
    }
}

fn indent(value: StringInput<'_>, width: Option<usize>, first: Option<bool>, blank: Option<bool>, kwargs: Kwargs) -> Result<Value, Error> {
    let wide = width.or(kwargs.peek::<Option<usize>>("width")?).unwrap_or(4);
    if wide.saturating_mul(value.as_str().lines().count()) > (16 << 20) {
        return Err(Refusal::TooLarge("16 MiB of text").into());
    }
    filters::indent(value, width, first, blank, kwargs)
}

fn format(state: &mut State<'_, '_>, pattern: &Value, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    percent_widths(pattern.as_str().unwrap_or_default())?;
    filters::format(state, pattern, arguments)
}

/// Whether a field of a format has a width of more than three digits.
fn is_wide(field: &str) -> bool {
    field.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 3)
}

/// Refuses a format that asks for more columns than anybody needs, or takes their number from an argument.
fn narrow(refused: bool) -> Result<(), Refusal> {
    let reason = || Refusal::OutOfReach("a width of more than 999 columns, or one that is computed".to_owned());
    if refused { Err(reason()) } else { Ok(()) }
}

/// Looks at the fields of `%5d` and `%(name)5d`.
fn percent_widths(pattern: &str) -> Result<(), Refusal> {
    narrow(pattern.split('%').skip(1).any(|part| {
        let part = part.strip_prefix('(').and_then(|named| named.split_once(')')).map_or(part, |(_, rest)| rest);
        let flags = part.find(|c: char| !"-+ #.0123456789".contains(c)).unwrap_or(part.len());
        is_wide(&part[..flags]) || part[flags..].starts_with('*')
    }))
}

/// Looks at the fields of `{:5}`. `{{` and `}}` stand for braces; what is between single ones is a field.
fn brace_widths(pattern: &str) -> Result<(), Refusal> {
    let fields = pattern.replace("{{", "").replace("}}", "");
    narrow(fields.split('{').skip(1).any(|part| part.find('}').is_none_or(|end| is_wide(&part[..end]))))
}

fn batch(state: &State<'_, '_>, value: Value, count: usize, fill: Option<Value>) -> Result<Value, Error> {
    reachable("items in a batch", Some(count))?;
    filters::batch(state, value, count, fill)
}

fn slice(state: &State<'_, '_>, value: Value, count: usize, fill: Option<Value>) -> Result<Value, Error> {
    reachable("slices", Some(count))?;
    filters::slice(state, value, count, fill)
}

fn range(lower: i64, upper: Option<i64>, step: Option<i64>) -> Result<Value, Error> {
    let narrow = |number: i64| {
        let near = number.unsigned_abs() <= 1_000_000_000_000;
        near.then(|| isize::try_from(number).ok()).flatten().ok_or_else(|| Refusal::OutOfReach(format!("the bound {number}")))
    };
    functions::range(narrow(lower)?, upper.map(narrow).transpose()?, step.map(narrow).transpose()?)
}

/// Refuses a list, or the attribute of its items, whose values have no order among them.
fn ordered(state: &mut State<'_, '_>, value: &Value, kwargs: &Kwargs) -> Result<(), Error> {
    let keys = match kwargs.peek::<Option<String>>("attribute")? {
        Some(attribute) if attribute.contains(',') => return Ok(()),
        Some(attribute) => {
            state.apply_filter("map", &[value.clone(), Kwargs::from_iter([("attribute", Value::from(attribute))]).into()])?
        }
        None => value.clone(),
    };
    let mut first = None;
    for key in convert::items(&keys)? {
        match &first {
            Some(first) => drop(compare::order(first, &key, Budget::of(state), 0)?),
            None => first = Some(key),
        }
    }
    Ok(())
}

fn min(state: &mut State<'_, '_>, value: Value, kwargs: Kwargs) -> Result<Value, Error> {
    ordered(state, &value, &kwargs)?;
    filters::min(state, value, kwargs)
}

fn max(state: &mut State<'_, '_>, value: Value, kwargs: Kwargs) -> Result<Value, Error> {
    ordered(state, &value, &kwargs)?;
    filters::max(state, value, kwargs)
}

fn sort(state: &mut State<'_, '_>, value: Value, kwargs: Kwargs) -> Result<Value, Error> {
    ordered(state, &value, &kwargs)?;
    filters::sort(state, value, kwargs)
}

/// Refuses a list of which some item lacks the attribute: what is undefined there would count as 0, or as false.
fn attributes(state: &mut State<'_, '_>, value: &Value, attribute: Option<&str>) -> Result<(), Error> {
    let Some(attribute) = attribute else {
        return Ok(());
    };
    let values = state.apply_filter("map", &[value.clone(), Kwargs::from_iter([("attribute", Value::from(attribute))]).into()])?;
    let lacking = convert::items(&values)?.any(|value| value.is_undefined());
    if lacking { Err(Refusal::Attribute(attribute.to_owned()).into()) } else { Ok(()) }
}

fn sum(state: &mut State<'_, '_>, value: Value, attribute: Option<&str>, start: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    attributes(state, &value, attribute.or(kwargs.peek::<Option<&str>>("attribute")?))?;
    filters::sum(state, value, attribute, start, kwargs)
}

fn groupby(state: &mut State<'_, '_>, value: Value, attribute: Option<&str>, kwargs: Kwargs) -> Result<Value, Error> {
    if !kwargs.has("default") {
        attributes(state, &value, attribute.or(kwargs.peek::<Option<&str>>("attribute")?))?;
    }
    filters::groupby(value, attribute, kwargs)
}

/// What a test other than `defined` and `undefined` looks at must be there.
fn attributes_for(test: Option<&str>, state: &mut State<'_, '_>, value: &Value, attribute: &str) -> Result<(), Error> {
    if matches!(test, Some("defined" | "undefined")) { Ok(()) } else { attributes(state, value, Some(attribute)) }
}

fn selectattr(
    state: &mut State<'_, '_>,
    value: Value,
    attribute: Cow<'_, str>,
    test: Option<Cow<'_, str>>,
    arguments: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    attributes_for(test.as_deref(), state, &value, &attribute)?;
    filters::selectattr(state, value, attribute, test, arguments)
}

fn rejectattr(
    state: &mut State<'_, '_>,
    value: Value,
    attribute: Cow<'_, str>,
    test: Option<Cow<'_, str>>,
    arguments: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    attributes_for(test.as_deref(), state, &value, &attribute)?;
    filters::rejectattr(state, value, attribute, test, arguments)
}

fn tested<T>(value: &Value, needed: &'static str, part: Option<T>) -> Result<T, Error> {
    part.ok_or_else(|| Refusal::Untestable { found: Sort::of(value).noun(), needed }.into())
}

fn integer(value: &Value) -> Result<i64, Error> {
    tested(value, "an integer", value.as_i64().filter(|_| value.is_integer()))
}

fn odd(value: &Value) -> Result<bool, Error> {
    integer(value).map(|number| number % 2 != 0)
}

fn even(value: &Value) -> Result<bool, Error> {
    integer(value).map(|number| number % 2 == 0)
}

fn divisibleby(value: &Value, divisor: &Value) -> Result<bool, Error> {
    Ok(integer(value)?.checked_rem(integer(divisor)?) == Some(0))
}

fn startingwith(value: &Value, start: &Value) -> Result<bool, Error> {
    Ok(tested(value, "text", value.as_str())?.starts_with(tested(start, "text", start.as_str())?))
}

fn endingwith(value: &Value, end: &Value) -> Result<bool, Error> {
    Ok(tested(value, "text", value.as_str())?.ends_with(tested(end, "text", end.as_str())?))
}

fn unique(state: &mut State<'_, '_>, value: Value, kwargs: Kwargs) -> Result<Value, Error> {
    Budget::of(state).weigh(&value, 0)?;
    filters::unique(state, value, kwargs)
}

fn zip(state: &mut State<'_, '_>, value: Value, others: Rest<Value>) -> Result<Value, Error> {
    let zipped = filters::zip(state, value, others)?;
    Budget::of(state).weigh(&zipped, 0)?;
    Ok(zipped)
}

/// The methods of texts, lists and mappings that Python has.
fn method(state: &mut State<'_, '_>, value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    match (name, value.as_str(), arguments) {
        ("replace", Some(text), [from, to, ..]) => {
            replaced(Budget::of(state), text, from.as_str().unwrap_or_default(), to.as_str().unwrap_or_default())?;
        }
        ("join", Some(joiner), [items]) => return joined(state, items, joiner).map(Value::from),
        ("format", Some(pattern), _) => brace_widths(pattern)?,
        ("count", None, [wanted]) if Sort::of(value) == Sort::List => {
            let mut count = 0;
            for item in convert::items(value)? {
                count += usize::from(compare::equal(&item, wanted, Budget::of(state), 0)?);
            }
            return Ok(Value::from(count));
        }
        _ => {}
    }
    pycompat::unknown_method_callback(state, value, name, arguments).map_err(|error| match error.kind() {
        ErrorKind::UnknownMethod => Error::new(ErrorKind::UnknownMethod, format!("{} has no method `{name}`", Sort::of(value).noun())),
        _ => error,
    })
}
