//! Complaints about what a user wrote, and how they are shown.

use crate::base::place::Place;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is run.
    Error,
    /// It may be meant.
    Warning,
}

/// One complaint: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// One sentence: lowercase, things in backticks, no full stop.
    pub message: String,
    /// Where; `None` when there is no text to point at, such as a file that cannot be read.
    pub place: Option<Place>,
    /// Further places that explain it, each with a few words.
    pub related: Vec<(Place, String)>,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// Makes an error at a place.
    #[must_use]
    pub fn error(place: &Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), place: Some(place.clone()), related: Vec::new(), hints: Vec::new() }
    }

    /// Makes an error that no text can be pointed at for.
    #[must_use]
    pub fn unplaced(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), place: None, related: Vec::new(), hints: Vec::new() }
    }

    /// Makes a warning at a place.
    #[must_use]
    pub fn warning(place: &Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, message) }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds "did you mean" when there is a near name.
    #[must_use]
    pub fn did_you_mean(self, near: Option<&str>) -> Self {
        match near {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// Adds another place that explains it.
    #[must_use]
    pub fn also(mut self, place: &Place, words: impl Into<String>) -> Self {
        self.related.push((place.clone(), words.into()));
        self
    }

    /// Shows it as text in rustc's form, ending in a line break; with ANSI colour when `colour` asks for it.
    #[must_use]
    pub fn render(&self, colour: Colour) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(&self.message));
        if let Some(place) = &self.place {
            group = group.element(snippet(place, AnnotationKind::Primary, None, &self.related));
        }
        let separate = self.related.iter().filter(|(place, _)| !self.place.as_ref().is_some_and(|own| same_source(own, place)));
        for (place, words) in separate {
            group = group.element(snippet(place, AnnotationKind::Context, Some(words), &[]));
        }
        let renderer = match colour {
            Colour::Plain => Renderer::plain(),
            Colour::Ansi => Renderer::styled(),
        };
        let mut shown = renderer.render(&[group]);
        for hint in &self.hints {
            shown.push_str("\nhint: ");
            shown.push_str(hint);
        }
        shown.push('\n');
        shown
    }
}

/// Whether a text is shown with ANSI colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// No escape sequences.
    Plain,
    /// With escape sequences.
    Ansi,
}

fn same_source(a: &Place, b: &Place) -> bool {
    std::sync::Arc::ptr_eq(a.source(), b.source())
}

fn snippet<'a>(
    place: &'a Place,
    kind: AnnotationKind,
    label: Option<&'a str>,
    related: &'a [(Place, String)],
) -> Snippet<'a, Annotation<'a>> {
    let mut annotation = kind.span(place.range());
    if let Some(label) = label {
        annotation = annotation.label(label);
    }
    let mut snippet = Snippet::source(place.source().text()).path(place.source().name()).annotation(annotation);
    for (other, words) in related.iter().filter(|(other, _)| same_source(place, other)) {
        snippet = snippet.annotation(AnnotationKind::Context.span(other.range()).label(words.as_str()));
    }
    snippet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::place::Source;
    use expect_test::expect;

    #[test]
    fn an_error_points_at_its_place() {
        let source = Source::new("testbed.yaml", "devices:\n  r1:\n    class: shh\n");
        let place = Place::new(&source, 26..29);
        let shown = Diagnostic::error(&place, "class `shh` is unknown").did_you_mean(Some("ssh")).render(Colour::Plain);
        expect![[r"
            error: class `shh` is unknown
             --> testbed.yaml:3:12
              |
            3 |     class: shh
              |            ^^^
            hint: did you mean `ssh`?
        "]]
        .assert_eq(&shown);
    }

    #[test]
    fn an_error_without_place_is_one_line() {
        let shown = Diagnostic::unplaced("`job.yaml` cannot be read").hint("does it exist?").render(Colour::Plain);
        expect![[r"
            error: `job.yaml` cannot be read
            hint: does it exist?
        "]]
        .assert_eq(&shown);
    }
}
