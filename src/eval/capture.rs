//! Captures: what a step keeps from its answer, by name.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::eval::extract::{Evidence, Extractor, Found};
use crate::eval::scope::Scope;
use crate::eval::template::FreeName;
use crate::eval::value::Value;
use crate::model::assertion::{Capture as Written, CapturePart};
use crate::record::fault::Fault;

/// A capture, checked.
#[derive(Debug, Clone)]
pub struct Capture(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Whole(Placed<String>),
    Parts(Vec<Part>),
}

#[derive(Debug, Clone)]
struct Part {
    name: Placed<String>,
    extractor: Extractor,
    default: Option<Value>,
}

/// Why there is nothing to keep.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CaptureError {
    /// The answer does not have it; the sentence says what was looked for.
    #[error("{0}")]
    Missing(String),
    /// A template of the capture could not be rendered.
    #[error("{0}")]
    Fault(Fault),
}

impl Capture {
    /// Checks a capture.
    ///
    /// # Errors
    /// Everything in it that does not compile, and a name that stands twice.
    pub fn compile(written: &Written) -> Result<Self, Vec<Diagnostic>> {
        let parts = match written {
            Written::Whole(name) => return Ok(Self(Kind::Whole(name.clone()))),
            Written::Parts(parts) => parts,
        };
        let mut diagnostics = Vec::new();
        let mut compiled: Vec<Part> = Vec::with_capacity(parts.len());
        for part in parts {
            if let Some(first) = compiled.iter().find(|other| other.name.value == part.name.value) {
                let message = format!("`{}` is captured twice", part.name.value);
                diagnostics.push(Diagnostic::error(&part.name.place, message).also(&first.name.place, "first here"));
            }
            match compile_part(part) {
                Ok(part) => compiled.push(part),
                Err(mut found) => diagnostics.append(&mut found),
            }
        }
        if diagnostics.is_empty() { Ok(Self(Kind::Parts(compiled))) } else { Err(diagnostics) }
    }

    /// Takes the values, in the order of the file.
    ///
    /// # Errors
    /// A value that is not there and has no default, and a fault of the kind template.
    pub fn take(&self, evidence: &Evidence<'_>, scope: &Scope) -> Result<Vec<(String, Data)>, CaptureError> {
        match &self.0 {
            Kind::Whole(name) => {
                let whole = evidence.parsed.cloned().or_else(|| evidence.text().map(Data::from));
                let missing = || CaptureError::Missing(format!("`{}` is not captured: there is no answer ({})", name.value, name.place));
                whole.map(|data| vec![(name.value.clone(), data)]).ok_or_else(missing)
            }
            Kind::Parts(parts) => parts.iter().map(|part| part.take(evidence, scope)).collect(),
        }
    }

    /// The names that it gives values to.
    #[must_use]
    pub fn names(&self) -> Vec<&Placed<String>> {
        match &self.0 {
            Kind::Whole(name) => vec![name],
            Kind::Parts(parts) => parts.iter().map(|part| &part.name).collect(),
        }
    }

    /// The names that it needs from outside.
    #[must_use]
    pub fn free_names(&self) -> Vec<FreeName> {
        match &self.0 {
            Kind::Whole(_) => Vec::new(),
            Kind::Parts(parts) => parts
                .iter()
                .flat_map(|part| part.extractor.free_names().into_iter().chain(part.default.iter().flat_map(Value::free_names)))
                .collect(),
        }
    }
}

fn compile_part(part: &CapturePart) -> Result<Part, Vec<Diagnostic>> {
    let extractor = Extractor::compile(&part.extract)?;
    let default = part.default.as_ref().map(Value::compile).transpose()?;
    Ok(Part { name: part.name.clone(), extractor, default })
}

impl Part {
    fn take(&self, evidence: &Evidence<'_>, scope: &Scope) -> Result<(String, Data), CaptureError> {
        let name = &self.name.value;
        let missing = |why: &str| CaptureError::Missing(format!("`{name}` is not captured: {why} ({})", self.name.place));
        let found = self.extractor.extract(evidence, scope).map_err(CaptureError::Fault)?;
        let data = match found {
            Found::One(data) => data,
            Found::Many(items) => Data::Array(items),
            Found::Nothing => match &self.default {
                Some(default) => default.render(scope).map_err(CaptureError::Fault)?,
                None => return Err(missing(&format!("{} finds nothing", self.extractor.shown()))),
            },
            // A default stands for what is not there, not for what is wrong.
            Found::Unusable(why) => return Err(missing(&why)),
        };
        Ok((name.clone(), data))
    }
}
