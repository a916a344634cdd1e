//! Values of the template engine as data, and what kind of value they are. Nothing is converted in silence.

use crate::base::Data;
use crate::eval::refusal::Refusal;
use minijinja::Value;
use minijinja::value::{Serde, ValueKind};

/// Levels of lists and mappings within each other.
pub(super) const DEEPEST: usize = 160;

/// Memory that one value may become, in bytes.
const LARGEST: usize = 64 << 20;

/// What a node is reckoned to take, in bytes.
const NODE: usize = 32;

/// What [`LARGEST`] is called in messages.
const LARGEST_SHOWN: &str = "64 MiB";

/// What kind of value it is, as far as comparisons care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Nothing of that name.
    Undefined,
    /// Null.
    Null,
    /// True or false.
    Boolean,
    /// A number of any width.
    Number,
    /// Text.
    Text,
    /// A list, a tuple, or anything else that gives items in order.
    List,
    /// A mapping.
    Mapping,
    /// A macro, a function, bytes.
    Other,
}

impl Sort {
    /// The sort of a value.
    pub(super) fn of(value: &Value) -> Self {
        match value.kind() {
            ValueKind::Undefined => Self::Undefined,
            ValueKind::None => Self::Null,
            ValueKind::Bool => Self::Boolean,
            ValueKind::Number => Self::Number,
            ValueKind::String => Self::Text,
            ValueKind::Seq | ValueKind::Iterable => Self::List,
            ValueKind::Map => Self::Mapping,
            _ => Self::Other,
        }
    }

    /// What it is called in messages.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "text",
            Self::List => "a list",
            Self::Mapping => "a mapping",
            Self::Other => "a function",
        }
    }
}

/// Data as a value of the template engine. Costs a copy; what comes out is cheap to clone.
pub(super) fn from_data(data: &Data) -> Value {
    Value::from(Serde(data))
}

/// A value as data.
///
/// # Errors
/// Undefined parts, functions, keys that are not text, numbers that JSON cannot hold, and values without measure.
pub(super) fn to_data(value: &Value) -> Result<Data, Refusal> {
    let mut left = LARGEST;
    convert(value, &mut left, 0)
}

fn convert(value: &Value, left: &mut usize, depth: usize) -> Result<Data, Refusal> {
    let cost = NODE + value.as_str().map_or(0, str::len);
    *left = left.checked_sub(cost).ok_or(Refusal::TooLarge(LARGEST_SHOWN))?;
    if depth > DEEPEST {
        return Err(Refusal::TooDeep(DEEPEST));
    }
    match Sort::of(value) {
        Sort::Undefined => Err(Refusal::Undefined),
        Sort::Null => Ok(Data::Null),
        Sort::Boolean => Ok(Data::Bool(value.is_true())),
        Sort::Number => number(value),
        Sort::Text => Ok(Data::String(value.as_str().unwrap_or_default().to_owned())),
        Sort::List => items(value)?.map(|item| convert(&item, left, depth + 1)).collect(),
        Sort::Mapping => {
            let mut map = serde_json::Map::new();
            for key in items(value)? {
                let text = key.as_str().ok_or_else(|| Refusal::Key(Sort::of(&key).noun()))?;
                let inner = value.get_item(&key).map_err(|_| Refusal::Undefined)?;
                map.insert(text.to_owned(), convert(&inner, left, depth + 1)?);
            }
            Ok(Data::Object(map))
        }
        Sort::Other => Err(Refusal::NotData(Sort::Other.noun())),
    }
}

/// The items of a list, or the keys of a mapping.
pub(super) fn items(value: &Value) -> Result<impl Iterator<Item = Value>, Refusal> {
    value.try_iter().map_err(|_| Refusal::NotData(Sort::of(value).noun()))
}

fn number(value: &Value) -> Result<Data, Refusal> {
    if value.is_integer() {
        let signed = i64::try_from(value.clone()).map(Data::from);
        return signed.or_else(|_| u64::try_from(value.clone()).map(Data::from)).map_err(|_| Refusal::TooWide);
    }
    let float = f64::try_from(value.clone()).map_err(|_| Refusal::NotFinite)?;
    serde_json::Number::from_f64(float).map(Data::Number).ok_or(Refusal::NotFinite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_comes_back_as_it_went_in() {
        for data in [
            json!(null),
            json!(true),
            json!(12_345_678_901_234_567_890_u64),
            json!(-5),
            json!(1.0),
            json!("text"),
            json!({"b": [1, "2", {"c": null}], "a": 1}),
        ] {
            let back = to_data(&from_data(&data)).expect("data");
            assert_eq!(back.to_string(), data.to_string());
        }
    }

    #[test]
    fn what_is_no_data_is_refused() {
        assert_eq!(to_data(&Value::UNDEFINED), Err(Refusal::Undefined));
        assert_eq!(to_data(&Value::from(vec![Value::UNDEFINED])), Err(Refusal::Undefined));
        assert_eq!(to_data(&Value::from(f64::INFINITY)), Err(Refusal::NotFinite));
        assert_eq!(to_data(&Value::from(u128::MAX)), Err(Refusal::TooWide));
        assert_eq!(to_data(&Value::from_pairs([(1, 2)])), Err(Refusal::Key("a number")));
        let mut deep = Value::from(1);
        for _ in 0..300 {
            deep = Value::from(vec![deep]);
        }
        assert_eq!(to_data(&deep), Err(Refusal::TooDeep(DEEPEST)));
    }
}
