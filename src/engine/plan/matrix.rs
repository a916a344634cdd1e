//! The matrix of a test: which values its axes have on a device, and which of their combinations are left.
//!
//! Axes are rendered while the plan is made, once for each device, or once for all where they are constant. Values are
//! shared by all combinations that have them.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::base::unique::Unique;
use crate::engine::plan::step::items_of;
use crate::engine::plan::{early, label};
use crate::eval::scope::{Layer, Scope, Shared};
use crate::eval::value::Value;
use crate::model::matrix::{Axis, Matrix};
use crate::model::yaml::{Entry, Kind};
use crate::record::redact::Redactor;
use std::collections::HashMap;
use std::sync::Arc;

/// One value of each axis of a test's matrix.
#[derive(Debug)]
pub struct Combination {
    /// The axes and their values, in the order of the axes.
    pub values: Vec<(Arc<str>, Arc<Data>)>,
    /// The same for reports: `af=ipv4, peer=r2`.
    pub label: String,
    /// Its number among all combinations of its device, from 1; those that are left out count too.
    pub number: usize,
    /// What templates see as `matrix`.
    pub(super) layer: Layer,
}

/// The combinations of a test on a device, in order.
pub(super) type Combinations = Arc<[Arc<Combination>]>;

/// More combinations than there is room for.
pub(super) struct TooMany;

/// A matrix, compiled.
pub(super) struct Compiled<'a> {
    written: &'a Matrix,
    redactor: Arc<Redactor>,
    names: Vec<Arc<str>>,
    axes: Vec<Value>,
    /// The values of those axes that are the same everywhere.
    constant: Vec<Option<Arc<Values>>>,
    excludes: Vec<Vec<Wanted<'a>>>,
    /// Variables that axes and `exclude` use, each after those that it uses.
    vars: Vec<(String, Value)>,
    /// Whether something in it needs `device`.
    by_device: bool,
    /// All combinations, where no device makes a difference.
    same: Option<Combinations>,
    /// Which of `exclude` left something out.
    matched: Vec<bool>,
    /// What was wrong, and with which device.
    failures: Vec<(Option<String>, Diagnostic)>,
    /// Devices that no combination is left for.
    emptied: Vec<Option<String>>,
    /// Whether a combination was left for any.
    some_left: bool,
}

/// One value of `exclude`.
struct Wanted<'a> {
    axis: usize,
    entry: &'a Entry,
    value: Value,
}

/// The values of one axis.
struct Values {
    data: Vec<(Arc<Data>, Shared, String)>,
    /// The position of each value, by its canonical form.
    positions: HashMap<String, usize>,
}

impl<'a> Compiled<'a> {
    /// Checks a matrix with what is known while the plan is made; `None` after complaints.
    pub(super) fn new(
        written: &'a Matrix,
        known: &early::Known<'_>,
        redactor: Arc<Redactor>,
        complaints: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let before = complaints.len();
        let axes: Vec<Option<Value>> = written.axes.iter().map(|axis| known.compile(&axis.values, complaints)).collect();
        let position = |name: &str| written.axes.iter().position(|axis| axis.name.value == name);
        let wanted = |entry: &'a Entry, complaints: &mut Vec<Diagnostic>| {
            Some(Wanted { axis: position(&entry.key.value)?, entry, value: known.compile(&entry.value, complaints)? })
        };
        let excludes: Vec<Vec<Wanted<'a>>> =
            written.exclude.iter().map(|one| one.values.iter().filter_map(|entry| wanted(entry, complaints)).collect()).collect();
        let axes: Vec<Value> = axes.into_iter().collect::<Option<_>>()?;
        let values = axes.iter().chain(excludes.iter().flatten().map(|wanted| &wanted.value));
        let vars = known.needed_by(values.clone());
        let by_device = values.chain(vars.iter().map(|(_, value)| value)).any(early::needs_device);
        let mut compiled = Self {
            written,
            redactor,
            names: written.axes.iter().map(|axis| Arc::from(axis.name.value.as_str())).collect(),
            constant: Vec::new(),
            matched: vec![false; excludes.len()],
            axes,
            excludes,
            vars,
            by_device,
            same: None,
            failures: Vec::new(),
            emptied: Vec::new(),
            some_left: false,
        };
        compiled.constants(complaints);
        (complaints.len() == before).then_some(compiled)
    }

    /// Reads the axes that are the same everywhere, and checks what `exclude` says of them.
    fn constants(&mut self, complaints: &mut Vec<Diagnostic>) {
        for (axis, value) in self.written.axes.iter().zip(&self.axes) {
            let values = value.constant().map(|data| Values::new(axis, data.clone(), &self.redactor));
            self.constant.push(match values {
                Some(Ok(values)) => Some(Arc::new(values)),
                Some(Err(complaint)) => {
                    complaints.push(*complaint);
                    None
                }
                None => None,
            });
        }
        for wanted in self.excludes.iter().flatten() {
            if let (Some(values), Some(data)) = (&self.constant[wanted.axis], wanted.value.constant())
                && !values.positions.contains_key(&canonical(data))
            {
                complaints.push(self.unknown_value(wanted, values, data));
            }
        }
    }

    fn unknown_value(&self, wanted: &Wanted<'_>, values: &Values, data: &Data) -> Diagnostic {
        let shown = label::of_value(data, &self.redactor);
        let kind = crate::base::kind_of(data);
        let message = format!("axis `{}` has no value `{shown}` ({kind})", self.names[wanted.axis]);
        let complaint = Diagnostic::error(&wanted.entry.value.place, message);
        match values.data.iter().find(|(_, _, label)| *label == shown) {
            Some((other, _, _)) => {
                complaint.hint(format!("its `{shown}` is {}: values of two types are never equal", crate::base::kind_of(other)))
            }
            None => complaint.did_you_mean(crate::base::text::nearest(&shown, values.data.iter().map(|(_, _, label)| label.as_str()))),
        }
    }

    /// The combinations on a device, whose variables are over `fixed`. What is wrong is kept for [`Self::finish`].
    pub(super) fn on(&mut self, device: Option<&str>, fixed: &Scope, room: usize) -> Result<Combinations, TooMany> {
        if let Some(same) = &self.same {
            return if same.len() > room { Err(TooMany) } else { Ok(Arc::clone(same)) };
        }
        let device = device.filter(|_| self.by_device).map(str::to_owned);
        let made: Combinations = match self.values(fixed) {
            Ok(grid) => self.combinations(&grid, room)?,
            Err(failure) => {
                self.failures.push((device.clone(), *failure));
                Arc::new([])
            }
        };
        if made.is_empty() {
            self.emptied.push(device);
        }
        self.some_left |= !made.is_empty();
        if !self.by_device {
            self.same = Some(Arc::clone(&made));
        }
        Ok(made)
    }

    fn combinations(&self, (values, left_out): &Grid, room: usize) -> Result<Combinations, TooMany> {
        let count = values.iter().try_fold(1_usize, |count, values| count.checked_mul(values.data.len()));
        let count = count.filter(|count| *count <= room).ok_or(TooMany)?;
        Ok((0..count).filter_map(|number| self.combination(number, values, left_out)).collect())
    }

    /// The values of all axes, and what `exclude` leaves out, as positions of axes and values.
    fn values(&mut self, fixed: &Scope) -> Result<Grid, Box<Diagnostic>> {
        let scope = early::scope(&self.vars, fixed)?;
        let mut values = Vec::with_capacity(self.axes.len());
        for ((axis, value), constant) in self.written.axes.iter().zip(&self.axes).zip(&self.constant) {
            values.push(match constant {
                Some(constant) => Arc::clone(constant),
                None => Arc::new(Values::new(axis, early::render(value, &scope)?, &self.redactor)?),
            });
        }
        let mut left_out = Vec::with_capacity(self.excludes.len());
        for (exclude, matched) in self.excludes.iter().zip(&mut self.matched) {
            let mut positions = Vec::with_capacity(exclude.len());
            for wanted in exclude {
                let data = early::render(&wanted.value, &scope)?;
                positions.extend(values[wanted.axis].positions.get(&canonical(&data)).map(|position| (wanted.axis, *position)));
            }
            if positions.len() == exclude.len() {
                *matched = true;
                left_out.push(positions);
            }
        }
        Ok((values, left_out))
    }

    /// The combination of that number, from 0, unless it is left out. The last axis varies fastest.
    fn combination(&self, number: usize, values: &[Arc<Values>], left_out: &[Positions]) -> Option<Arc<Combination>> {
        let mut rest = number;
        let mut at = vec![0; values.len()];
        for (position, values) in at.iter_mut().zip(values).rev() {
            *position = rest % values.data.len();
            rest /= values.data.len();
        }
        if left_out.iter().any(|exclude| exclude.iter().all(|(axis, position)| at[*axis] == *position)) {
            return None;
        }
        let chosen = || self.names.iter().zip(values.iter().zip(&at).map(|(values, position)| &values.data[*position]));
        let labels: Vec<String> = chosen().map(|(name, (_, _, label))| format!("{name}={label}")).collect();
        Some(Arc::new(Combination {
            values: chosen().map(|(name, (data, _, _))| (Arc::clone(name), Arc::clone(data))).collect(),
            label: label::of_values(&labels, number + 1),
            number: number + 1,
            layer: Layer::of_shared("matrix", chosen().map(|(name, (_, shared, _))| (&**name, shared))),
        }))
    }

    /// Complains about what was wrong with devices, and where `exclude` leaves out nothing or everything. `all` tells
    /// whether every device of the test was asked.
    pub(super) fn finish(self, all: bool, complaints: &mut Vec<Diagnostic>) {
        let failed = !self.failures.is_empty();
        early::complain(self.failures, complaints);
        let Some(first) = self.written.exclude.first() else { return };
        if failed {
            return;
        }
        for (exclude, _) in self.written.exclude.iter().zip(&self.matched).filter(|(_, matched)| all && !**matched) {
            let complaint = Diagnostic::warning(&exclude.place, "this leaves out nothing: no case has these values");
            complaints.push(complaint.hint("the values of `exclude` and of the axes must be equal, type and all"));
        }
        if self.emptied.is_empty() {
            return;
        }
        let nothing = "`exclude` leaves nothing of this matrix";
        let place: &Place = &first.place;
        let devices: Vec<&str> = self.emptied.iter().flatten().map(String::as_str).collect();
        if self.same.is_some() || (all && !self.some_left) {
            complaints.push(Diagnostic::error(place, nothing));
        } else {
            complaints.push(Diagnostic::warning(place, format!("{nothing} for {}", early::devices(&devices))));
        }
    }
}

/// The values of all axes, and what is left out of their combinations.
type Grid = (Vec<Arc<Values>>, Vec<Positions>);

/// Values of axes that are left out together: the axis, and the position of its value.
type Positions = Vec<(usize, usize)>;

impl Values {
    /// Reads the values of an axis; complains where there are none, or two are equal.
    fn new(axis: &Axis, data: Data, redactor: &Redactor) -> Result<Self, Box<Diagnostic>> {
        let (name, place) = (&axis.name.value, &axis.values.place);
        let items = items_of(data).map_err(|other| {
            let message = format!("axis `{name}` needs a list or a mapping, got {}", crate::base::kind_of(&other));
            Box::new(Diagnostic::error(place, message))
        })?;
        if items.is_empty() {
            let complaint = Diagnostic::error(place, format!("axis `{name}` is empty, which would make no test case"));
            return Err(Box::new(complaint.hint("leave such devices out of `devices`, or give the axis another value for them")));
        }
        let mut labels = Unique::new(label::VALUE);
        let mut values = Self { data: Vec::with_capacity(items.len()), positions: HashMap::with_capacity(items.len()) };
        for (position, item) in items.into_iter().enumerate() {
            let label = label::of_value(&item, redactor);
            if let Some(first) = values.positions.insert(canonical(&item), position) {
                return Err(Box::new(repeated(axis, (first, position), &label)));
            }
            values.data.push((Arc::new(item.clone()), Shared::new(&item), labels.take(&label, "~")));
        }
        Ok(values)
    }
}

fn repeated(axis: &Axis, (first, second): (usize, usize), shown: &str) -> Diagnostic {
    let message = format!("axis `{}` has the value `{shown}` twice", axis.name.value);
    match &axis.values.kind {
        Kind::List(items) => Diagnostic::error(&items[second].place, message).also(&items[first].place, "the first is here"),
        Kind::Scalar(_) | Kind::Map(_) => Diagnostic::error(&axis.values.place, message),
    }
}

/// A text that is the same for equal values, and for no others. `1` and `1.0` are equal, and so are mappings whatever
/// the order of their keys.
fn canonical(data: &Data) -> String {
    match data {
        Data::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Data::Object(entries) => {
            let mut entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}:{}", Data::from(key.as_str()), canonical(value))).collect();
            entries.sort_unstable();
            format!("{{{}}}", entries.join(","))
        }
        Data::Number(number) => {
            let text = number.to_string();
            let whole = text.strip_suffix(".0").unwrap_or(&text);
            if whole == "-0" { "0" } else { whole }.to_owned()
        }
        Data::Null | Data::Bool(_) | Data::String(_) => data.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_values_and_no_others_have_one_canonical_form() {
        for (left, right, equal) in [
            (json!(1), json!(1.0), true),
            (json!(1), json!("1"), false),
            (json!(1.5), json!(1.5), true),
            (json!(-0.0), json!(0), true),
            (json!({"a": 1, "b": [2]}), json!({"b": [2.0], "a": 1}), true),
            (json!({"a": 1}), json!({"a": "1"}), false),
            (json!(["a,b"]), json!(["a", "b"]), false),
            (json!(null), json!("null"), false),
            (json!(true), json!("true"), false),
        ] {
            assert_eq!(canonical(&left) == canonical(&right), equal, "{left} {right}");
        }
    }
}
