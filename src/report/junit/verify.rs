//! Reads a document back as its readers will, and compares it with what was meant, to the last character.

use crate::report::junit::DocumentError;
use crate::report::junit::suite::{Case, Element, Suite};
use crate::report::junit::write::seconds;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Accepts a document that says exactly what `suite` means.
pub(super) fn verify(xml: &str, suite: &Suite) -> Result<(), DocumentError> {
    if let Some(illegal) = xml.chars().find(|c| !is_legal(*c)) {
        return Err(DocumentError::Foreign(format!("the character {illegal:?}")));
    }
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_comments = true;
    // The reader accepts a text that ends within elements.
    let mut depth = 0_usize;
    let mut reading = Reading { suite, suites: 0, cases: 0, open: None, within: None };
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                depth += 1;
                reading.start(&tag)?;
            }
            Event::Empty(tag) => {
                reading.start(&tag)?;
                reading.end(tag.name().as_ref())?;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                reading.end(tag.name().as_ref())?;
            }
            Event::Text(text) => reading.text(&text.decode().map_err(quick_xml::Error::from)?)?,
            Event::GeneralRef(name) => reading.text(entity(&name)?)?,
            Event::Decl(_) => {}
            Event::Eof => break,
            Event::CData(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {
                return Err(DocumentError::Foreign("CDATA, a comment or an instruction".to_owned()));
            }
        }
    }
    same("elements left open", "0", &depth.to_string())?;
    same("suites", "1", &reading.suites.to_string())?;
    same("cases", &suite.cases.len().to_string(), &reading.cases.to_string())
}

/// XML 1.0 can hold it.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn entity(name: &BytesRef<'_>) -> Result<&'static str, DocumentError> {
    match &**name {
        b"lt" => Ok("<"),
        b"gt" => Ok(">"),
        b"amp" => Ok("&"),
        other => Err(DocumentError::Foreign(format!("the entity `{}`", String::from_utf8_lossy(other)))),
    }
}

/// How far the reading has come.
struct Reading<'a> {
    suite: &'a Suite,
    suites: usize,
    cases: usize,
    open: Option<OpenCase<'a>>,
    /// The element within a case whose text is being read.
    within: Option<String>,
}

/// A case that has begun and not ended.
struct OpenCase<'a> {
    meant: &'a Case,
    results: usize,
    content: String,
    output: String,
}

impl Reading<'_> {
    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), DocumentError> {
        let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
        if let Some(open) = &mut self.open {
            open.child(&name, tag)?;
            if let Some(outer) = self.within.replace(name) {
                return Err(DocumentError::Foreign(format!("an element within `{outer}`")));
            }
            return Ok(());
        }
        match name.as_str() {
            "testsuites" => same("the root's name", &self.suite.root, &attribute(tag, "name")?),
            "testsuite" => {
                self.suites += 1;
                self.suite_attributes(tag)
            }
            "testcase" => self.case(tag),
            "properties" | "property" => Ok(()),
            other => Err(DocumentError::Foreign(format!("the element `{other}`"))),
        }
    }

    fn suite_attributes(&self, tag: &BytesStart<'_>) -> Result<(), DocumentError> {
        let suite = self.suite;
        for (name, meant) in [
            ("name", suite.name.clone()),
            ("tests", suite.cases.len().to_string()),
            ("failures", suite.count(Element::Failure).to_string()),
            ("errors", suite.count(Element::Error).to_string()),
            ("skipped", suite.count(Element::Skipped).to_string()),
            ("time", seconds(suite.took)),
        ] {
            same(name, &meant, &attribute(tag, name)?)?;
        }
        Ok(())
    }

    fn case(&mut self, tag: &BytesStart<'_>) -> Result<(), DocumentError> {
        let Some(meant) = self.suite.cases.get(self.cases) else {
            return Err(DocumentError::Foreign("one case more".to_owned()));
        };
        self.cases += 1;
        for (name, meant) in
            [("classname", &meant.classname), ("name", &meant.name), ("file", &self.suite.file), ("time", &seconds(meant.took))]
        {
            same(name, meant, &attribute(tag, name)?)?;
        }
        self.open = Some(OpenCase { meant, results: 0, content: String::new(), output: String::new() });
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), DocumentError> {
        match (&mut self.open, self.within.as_deref()) {
            (Some(open), Some("system-out")) => open.output.push_str(text),
            (Some(open), Some(_)) => open.content.push_str(text),
            _ if text.trim().is_empty() => {}
            _ => return Err(DocumentError::Foreign("text outside of its place".to_owned())),
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), DocumentError> {
        if self.within.take().is_none() && name == b"testcase" {
            return self.open.take().map_or(Ok(()), OpenCase::done);
        }
        Ok(())
    }
}

impl OpenCase<'_> {
    fn child(&mut self, name: &str, tag: &BytesStart<'_>) -> Result<(), DocumentError> {
        if name == "system-out" {
            return Ok(());
        }
        self.results += 1;
        same(&self.meant.name, self.meant.element.tag().unwrap_or("no element"), name)?;
        same("type", self.meant.kind, &attribute(tag, "type")?)?;
        same("message", &self.meant.message, &attribute(tag, "message")?)
    }

    fn done(self) -> Result<(), DocumentError> {
        let meant = self.meant;
        let results = usize::from(meant.element != Element::Passed);
        same(&format!("result elements of {}", meant.name), &results.to_string(), &self.results.to_string())?;
        let content = if results == 0 { String::new() } else { meant.content() };
        same(&format!("the content of {}", meant.name), &content, &self.content)?;
        same(&format!("the output of {}", meant.name), &meant.system_out(), &self.output)
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<String, DocumentError> {
    let found = tag.try_get_attribute(name).map_err(quick_xml::Error::from)?;
    let found = found.ok_or_else(|| DocumentError::Foreign(format!("a tag without `{name}`")))?;
    Ok(found.normalized_value(XmlVersion::Explicit1_0)?.into_owned())
}

fn same(what: &str, meant: &str, found: &str) -> Result<(), DocumentError> {
    if meant == found {
        return Ok(());
    }
    let shown = |text: &str| format!("`{}`", crate::report::clean::line(text, 80));
    Err(DocumentError::Different { what: shown(what), meant: shown(meant), found: shown(found) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::junit::{Settings, document, write};
    use crate::report::samples::{every_outcome, ledger};

    #[test]
    fn a_document_that_says_anything_else_is_not_accepted() {
        let ledger = ledger(&every_outcome());
        let head = ledger.head.as_ref().expect("a head");
        let suite = document::of_run(head, &ledger, &Settings::default());
        let xml = write::write(&suite).expect("a document");
        verify(&xml, &suite).expect("the document as it is");
        for (from, to) in [
            ("name=\"version [r1]\"", "name=\"version [r9]\""),
            ("failures=\"1\"", "failures=\"0\""),
            ("errors=\"3\"", "errors=\"2\""),
            ("skipped=\"2\"", "skipped=\"0\""),
            ("tests=\"11\"", "tests=\"10\""),
            ("classname=\"smoke.r4\"", "classname=\"smoke.r1\""),
            ("time=\"2.040\"", "time=\"2.041\""),
            ("type=\"runner.check\"", "type=\"runner.other\""),
            ("actual:   16.9", "actual:   17.3"),
            ("&lt;licence&gt;", "<licence/>"),
            ("uptime is 3 days", "uptime is 3 days]]>"),
            ("uptime is 3 days", "uptime is \u{1} days"),
            ("uptime is 3 days", "<![CDATA[uptime is 3 days]]>"),
            ("</failure>", "</failure><error type=\"x\" message=\"y\"/>"),
            ("</failure>", ""),
            ("<testcase ", "<testcase classname=\"a.b\" name=\"forged\" file=\"f\" time=\"0.000\"/><testcase "),
            ("</testsuite>\n", "<testcase classname=\"a.b\" name=\"forged\" file=\"f\" time=\"0.000\"/></testsuite>\n"),
            ("</testsuite>\n", "</testsuite><testsuite/>\n"),
            ("</testsuites>", ""),
            ("<testsuites name=\"lab-a\">", "<!DOCTYPE x><testsuites name=\"lab-a\">"),
            ("<properties>", "passed<properties>"),
            ("</testsuites>\n", "</testsuites"),
        ] {
            let other = xml.replacen(from, to, 1);
            assert_ne!(other, xml, "{from}");
            assert!(verify(&other, &suite).is_err(), "{from} -> {to}");
        }
    }
}
