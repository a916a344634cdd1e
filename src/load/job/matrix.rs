//! `matrix` and `exclude` of a test.

use super::names::{self, NameError};
use super::vacuous;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar;
use crate::model::matrix::{Axis, Exclude, Matrix};
use crate::model::yaml::{Entry, Kind, Yaml};

/// Words that stand beside the axes of a matrix in other languages.
const NO_AXES: [&str; 2] = ["exclude", "include"];

/// The most axes. A test case takes memory for each.
const MOST_AXES: usize = 20;

/// Reads `matrix` and `exclude`; `None` where there is no matrix, or nothing of it can be used.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<Matrix> {
    let complaints = fields.complaints;
    let exclude = fields.take("exclude");
    let Some(entry) = fields.take("matrix") else {
        if let Some(exclude) = exclude {
            complaints.error(&exclude.key.place, "`exclude` has nothing to leave out without `matrix`");
        }
        return None;
    };
    let entries = scalar::map(&entry.value, "matrix", complaints)?;
    if entries.is_empty() {
        complaints.error(&entry.value.place, "`matrix` is an empty mapping, which has no axis");
        return None;
    }
    if entries.len() > MOST_AXES {
        complaints.error(&entry.key.place, format!("a matrix has at most {MOST_AXES} axes, this one has {}", entries.len()));
        return None;
    }
    let axes: Vec<Axis> = entries.iter().filter_map(|entry| axis(entry, complaints)).collect();
    let known: Vec<&str> = entries.iter().map(|entry| entry.key.value.as_str()).collect();
    let exclude = exclude.map(|entry| excludes(entry, &known, complaints)).unwrap_or_default();
    // An axis that could not be read would make combinations of the others that nobody wrote.
    (axes.len() == entries.len()).then(|| Matrix { place: entry.key.place.clone(), axes, exclude })
}

fn axis(entry: &Entry, complaints: &Complaints) -> Option<Axis> {
    if !is_axis_name(&entry.key, complaints) {
        return None;
    }
    let name = &entry.key.value;
    let found = match &entry.value.kind {
        Kind::List(items) if items.is_empty() => {
            complaints.error(&entry.value.place, format!("axis `{name}` is an empty list, which would make no test case"));
            return None;
        }
        Kind::List(_) => {
            vacuous::numbers_of_axis(&entry.value, complaints);
            return Some(Axis { name: entry.key.clone(), values: entry.value.clone() });
        }
        Kind::Scalar(_) if entry.value.text().is_some_and(scalar::is_template) => {
            return Some(Axis { name: entry.key.clone(), values: entry.value.clone() });
        }
        Kind::Scalar(scalar) => Some(scalar.text.as_str()).filter(|_| !scalar.value.is_null()),
        Kind::Map(_) => None,
    };
    let message = format!("axis `{name}` wants a list or one `{{{{ expression }}}}`, found {}", entry.value.describe());
    let complaint = Diagnostic::error(&entry.value.place, message);
    complaints.add(match found {
        Some(one) => {
            let one = text::one_line(one, 40);
            complaint.hint(format!("a list of one value is `[{one}]`, an expression is `\"{{{{ {one} }}}}\"`"))
        }
        None => complaint,
    });
    None
}

/// Whether a name can be that of an axis; complains where it cannot.
fn is_axis_name(name: &Placed<String>, complaints: &Complaints) -> bool {
    let shown = text::one_line(&name.value, 40);
    if NO_AXES.contains(&name.value.as_str()) {
        let complaint = Diagnostic::error(&name.place, format!("an axis cannot have the name `{shown}`"));
        complaints.add(complaint.hint("combinations are left out by `exclude`, which stands beside `matrix`"));
        return false;
    }
    let Err(mistake) = names::check_variable(&name.value) else { return true };
    let message = match &mistake {
        NameError::NotAName(_) => format!("`{shown}` cannot be the name of an axis"),
        NameError::Reserved(_) => format!("`{shown}` is reserved: it cannot be the name of an axis"),
        NameError::Word(_) => format!("`{shown}` is a word of expressions: it cannot be the name of an axis"),
    };
    let complaint = Diagnostic::error(&name.place, message);
    complaints.add(mistake.hint().into_iter().fold(complaint, Diagnostic::hint));
    false
}

fn excludes(entry: &Entry, axes: &[&str], complaints: &Complaints) -> Vec<Exclude> {
    let Some(items) = scalar::list(&entry.value, "exclude", complaints) else { return Vec::new() };
    if items.is_empty() {
        complaints.error(&entry.value.place, "`exclude` is an empty list");
    }
    items.iter().filter_map(|item| exclude(item, axes, complaints)).collect()
}

fn exclude(item: &Yaml, axes: &[&str], complaints: &Complaints) -> Option<Exclude> {
    let Kind::Map(entries) = &item.kind else {
        complaints.error(&item.place, format!("`exclude` wants mappings of axes and their values, found {}", item.describe()));
        return None;
    };
    if entries.is_empty() {
        complaints.error(&item.place, "this is an empty mapping, which would leave out everything");
        return None;
    }
    vacuous::numbers_of_axis(item, complaints);
    let unknown: Vec<&Entry> = entries.iter().filter(|entry| !axes.contains(&entry.key.value.as_str())).collect();
    for entry in &unknown {
        let message = format!("the matrix has no axis `{}`", text::one_line(&entry.key.value, 40));
        let complaint = Diagnostic::error(&entry.key.place, message);
        complaints.add(complaint.did_you_mean(text::nearest(&entry.key.value, axes.iter().copied())));
    }
    unknown.is_empty().then(|| Exclude { place: item.place.clone(), values: entries.clone() })
}
