//! The matrix of a test: the values that it runs with, each combination in a case of its own.

use crate::base::place::{Place, Placed};
use crate::model::yaml::{Entry, Yaml};

/// `matrix` and `exclude` of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Where `matrix` stands.
    pub place: Place,
    /// The axes, in the order of the file; the last one varies fastest.
    pub axes: Vec<Axis>,
    /// `exclude`: combinations that are left out.
    pub exclude: Vec<Exclude>,
}

/// One axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Its name.
    pub name: Placed<String>,
    /// A list of values, or a text that is one expression.
    pub values: Yaml,
}

/// Combinations that are left out: those that have all of these values.
#[derive(Debug, Clone, PartialEq)]
pub struct Exclude {
    /// Where it begins.
    pub place: Place,
    /// Axes and their values; never empty.
    pub values: Vec<Entry>,
}
