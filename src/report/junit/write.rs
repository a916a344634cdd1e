//! From what is meant to XML. `junit-report` holds the model and writes it; a pass over its bytes adds what it cannot
//! say: properties, the count of skipped cases, the suite's own time, and plain text instead of CDATA. What only it says
//! (`id`, `package`) goes.

use crate::report::junit::DocumentError;
use crate::report::junit::fit::escaped;
use crate::report::junit::suite::{Case, Element, Suite};
use junit_report::{OffsetDateTime, Report, TestCase, TestResult, TestSuite};
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use std::time::Duration;

/// The whole document, ending in a line break.
pub(super) fn write(suite: &Suite) -> Result<String, DocumentError> {
    let mut bytes = Vec::new();
    model(suite).write_xml(&mut bytes)?;
    let first = String::from_utf8(bytes).map_err(|_| DocumentError::Foreign("bytes that are not UTF-8".to_owned()))?;
    let second = Pass { out: Writer::new(Vec::with_capacity(first.len())), suite }.run(&first)?;
    String::from_utf8(second).map_err(|_| DocumentError::Foreign("bytes that are not UTF-8".to_owned()))
}

fn model(suite: &Suite) -> Report {
    let mut report = Report::new();
    report.add_testsuite(TestSuite {
        name: suite.name.clone(),
        package: String::new(),
        timestamp: suite.started.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        hostname: suite.hostname.clone().unwrap_or_default(),
        testcases: suite.cases.iter().map(|case| test_case(case, &suite.file)).collect(),
        system_out: None,
        system_err: None,
    });
    report
}

fn test_case(case: &Case, file: &str) -> TestCase {
    let type_ = case.kind.to_owned();
    let message = case.message.clone();
    // It will stand in a CDATA section, which nothing escaped can end.
    let content = Some(escaped(&case.content()));
    let result = match case.element {
        Element::Passed => TestResult::Success,
        Element::Failure => TestResult::Failure { type_, message, cause: content },
        Element::Error => TestResult::Error { type_, message, cause: content },
        Element::Skipped => TestResult::SkippedWithCause { type_, message, cause: content },
    };
    TestCase {
        name: case.name.clone(),
        time: junit_report::Duration::milliseconds(millis(case.took)),
        result,
        classname: Some(case.classname.clone()),
        filepath: Some(file.to_owned()),
        system_out: Some(escaped(&case.system_out())).filter(|output| !output.is_empty()),
        system_err: None,
    }
}

/// Milliseconds, at most a thousand years: the sum of all cases has to stay in range.
fn millis(took: Duration) -> i64 {
    const LONGEST: i64 = 1000 * 366 * 86_400 * 1000;
    i64::try_from(took.as_millis()).map_or(LONGEST, |millis| millis.min(LONGEST))
}

/// Seconds with three decimals.
pub(super) fn seconds(took: Duration) -> String {
    let millis = millis(took);
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

struct Pass<'a> {
    out: Writer<Vec<u8>>,
    suite: &'a Suite,
}

impl Pass<'_> {
    fn run(mut self, first: &str) -> Result<Vec<u8>, DocumentError> {
        let mut reader = Reader::from_str(first);
        let mut case = 0;
        loop {
            match reader.read_event()? {
                Event::Decl(_) => self.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?,
                Event::Start(tag) => {
                    let rewritten = self.rewritten(&tag, &mut case)?;
                    self.write(Event::Start(rewritten))?;
                    self.properties(tag.name().as_ref())?;
                }
                Event::Empty(tag) => {
                    let rewritten = self.rewritten(&tag, &mut case)?;
                    self.write(Event::Empty(rewritten))?;
                }
                Event::End(tag) => {
                    if matches!(tag.name().as_ref(), b"testsuite" | b"testsuites") {
                        self.line_break()?;
                    }
                    self.write(Event::End(tag))?;
                }
                Event::CData(text) => {
                    let text = text.decode().map_err(quick_xml::Error::from)?;
                    self.write(Event::Text(BytesText::from_escaped(text)))?;
                }
                Event::Eof => break,
                Event::Text(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) | Event::GeneralRef(_) => {
                    return Err(DocumentError::Foreign("text outside of its place".to_owned()));
                }
            }
        }
        self.line_break()?;
        Ok(self.out.into_inner())
    }

    /// The tag with our attributes, in our order, on a line of its own where it is not part of a case.
    fn rewritten<'t>(&mut self, tag: &BytesStart<'t>, case: &mut usize) -> Result<BytesStart<'t>, DocumentError> {
        let suite = self.suite;
        match tag.name().as_ref() {
            b"testsuites" => {
                self.line_break()?;
                Ok(BytesStart::new("testsuites").with_attributes([("name", suite.root.as_str())]))
            }
            b"testsuite" => {
                self.line_break()?;
                let mut ours = kept(tag, &["name", "tests", "failures", "errors"])?;
                ours.push_attribute(("skipped", suite.count(Element::Skipped).to_string().as_str()));
                ours.push_attribute(("time", seconds(suite.took).as_str()));
                let known = [suite.started.map(|_| "timestamp"), suite.hostname.as_ref().map(|_| "hostname")];
                copy(tag, &known.into_iter().flatten().collect::<Vec<_>>(), &mut ours)?;
                Ok(ours)
            }
            b"testcase" => {
                self.line_break()?;
                let took = suite.cases.get(*case).map_or(Duration::ZERO, |case| case.took);
                *case += 1;
                let mut ours = kept(tag, &["classname", "name", "file"])?;
                ours.push_attribute(("time", seconds(took).as_str()));
                Ok(ours)
            }
            _ => Ok(tag.to_owned()),
        }
    }

    fn properties(&mut self, tag: &[u8]) -> Result<(), DocumentError> {
        if tag != b"testsuite" || self.suite.properties.is_empty() {
            return Ok(());
        }
        self.line_break()?;
        self.write(Event::Start(BytesStart::new("properties")))?;
        for (name, value) in &self.suite.properties {
            let property = BytesStart::new("property").with_attributes([("name", *name), ("value", value.as_str())]);
            self.write(Event::Empty(property))?;
        }
        self.write(Event::End(BytesStart::new("properties").to_end()))
    }

    fn line_break(&mut self) -> Result<(), DocumentError> {
        self.write(Event::Text(BytesText::new("\n")))
    }

    fn write(&mut self, event: Event<'_>) -> Result<(), DocumentError> {
        self.out.write_event(event).map_err(|error| DocumentError::Write(error.into()))
    }
}

/// A tag of that name with only those attributes, in that order.
fn kept<'t>(tag: &BytesStart<'t>, names: &[&str]) -> Result<BytesStart<'t>, DocumentError> {
    let mut ours = tag.to_owned();
    ours.clear_attributes();
    copy(tag, names, &mut ours)?;
    Ok(ours)
}

/// Copies attributes as they stand, escaped.
fn copy(tag: &BytesStart<'_>, names: &[&str], to: &mut BytesStart<'_>) -> Result<(), DocumentError> {
    for name in names {
        let found = tag.try_get_attribute(name).map_err(quick_xml::Error::from)?;
        let value = found.ok_or_else(|| DocumentError::Foreign(format!("a tag without `{name}`")))?.value;
        to.push_attribute(Attribute::from((name.as_bytes(), value.as_ref())));
    }
    Ok(())
}
