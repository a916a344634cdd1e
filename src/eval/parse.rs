//! Data from text: `parse`.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::eval::pattern::Pattern;
use crate::eval::scope::Scope;
use crate::eval::template::FreeName;
use crate::model::step::Parse;
use crate::record::fault::Fault;
use regex::{Captures, Regex};

/// The most matches of a pattern that one answer may have.
const MATCHES: usize = 100_000;

/// Makes data of a text. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Parser(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Json,
    Regex(Pattern),
}

/// Why a text could not be parsed. All but a fault are about the answer, which came whole but is not what was expected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// There is no text at all.
    #[error("the answer is empty, there is nothing to parse")]
    Empty,
    /// It is not JSON.
    #[error("the answer is not JSON: {reason} at line {line}, column {column}: `{excerpt}`")]
    NotJson {
        /// What the parser says.
        reason: String,
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What stands around it in that line.
        excerpt: String,
    },
    /// The pattern matches nowhere.
    #[error("`{pattern}` matches nowhere in the answer")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// The pattern matches absurdly often.
    #[error("`{pattern}` matches more than {MATCHES} times")]
    TooManyMatches {
        /// The pattern.
        pattern: String,
    },
    /// The pattern itself could not be rendered.
    #[error("{0}")]
    Fault(Fault),
}

impl Parser {
    /// Checks what a step says about parsing.
    ///
    /// # Errors
    /// A pattern that does not compile, or has no named group.
    pub fn compile(parse: &Placed<Parse>) -> Result<Self, Diagnostic> {
        match &parse.value {
            Parse::Json => Ok(Self(Kind::Json)),
            Parse::Regex(source) => {
                let pattern = Pattern::compile(source)?;
                match pattern.ready() {
                    Some(ready) if ready.capture_names().flatten().next().is_none() => {
                        Err(Diagnostic::error(&source.place, "the regular expression has no named group, so that nothing would be parsed")
                            .hint("name what you want: `(?P<name>...)`"))
                    }
                    _ => Ok(Self(Kind::Regex(pattern))),
                }
            }
        }
    }

    /// Parses a text. Takes time in proportion to its length.
    ///
    /// # Errors
    /// Nothing parsed, or not what the parser reads.
    pub fn parse(&self, answer: &str, scope: &Scope) -> Result<Data, ParseError> {
        if answer.trim().is_empty() {
            return Err(ParseError::Empty);
        }
        match &self.0 {
            Kind::Json => json(answer),
            Kind::Regex(pattern) => matches(&pattern.get(scope).map_err(ParseError::Fault)?, answer),
        }
    }

    /// The names that it needs from outside.
    #[must_use]
    pub fn free_names(&self) -> &[FreeName] {
        match &self.0 {
            Kind::Json => &[],
            Kind::Regex(pattern) => pattern.free_names(),
        }
    }
}

fn json(answer: &str) -> Result<Data, ParseError> {
    serde_json::from_str(answer).map_err(|error| {
        let drawn = error.to_string();
        let reason = drawn.split(" at line ").next().unwrap_or_default().to_owned();
        let line = answer.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
        let around = line.floor_char_boundary(error.column().saturating_sub(60))..line.ceil_char_boundary(error.column() + 20);
        let excerpt = text::one_line(&line[around], 80);
        ParseError::NotJson { reason, line: error.line(), column: error.column(), excerpt }
    })
}

fn matches(pattern: &Regex, answer: &str) -> Result<Data, ParseError> {
    let shown = || text::one_line(pattern.as_str(), 80);
    let row = |captures: Captures<'_>| {
        let column = |name: &str| (name.to_owned(), captures.name(name).map_or(Data::Null, |group| Data::from(group.as_str())));
        Data::Object(pattern.capture_names().flatten().map(column).collect())
    };
    // An empty match says nothing about the answer.
    let filled = pattern.captures_iter(answer).filter(|captures| captures.get(0).is_some_and(|whole| !whole.is_empty()));
    let rows: Vec<Data> = filled.take(MATCHES + 1).map(row).collect();
    match rows.len() {
        0 => Err(ParseError::NoMatch { pattern: shown() }),
        count if count > MATCHES => Err(ParseError::TooManyMatches { pattern: shown() }),
        _ => Ok(Data::Array(rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::place::{Place, Source};
    use proptest::prelude::proptest;
    use serde_json::json;

    fn placed<T>(value: T) -> Placed<T> {
        Placed::new(value, Place::new(&Source::new("job.yaml", "x"), 0..1))
    }

    fn regex(pattern: &str) -> Result<Parser, Diagnostic> {
        Parser::compile(&placed(Parse::Regex(placed(pattern.to_owned()))))
    }

    fn parsed(parser: &Parser, answer: &str) -> Result<Data, String> {
        parser.parse(answer, &Scope::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn json_is_whole_or_refused_with_its_line() {
        let json_parser = Parser::compile(&placed(Parse::Json)).expect("json");
        assert_eq!(parsed(&json_parser, " {\"a\": [1, 2.5]}\n"), Ok(json!({"a": [1, 2.5]})));
        for (answer, sentence) in [
            ("", "the answer is empty, there is nothing to parse"),
            (" \n", "the answer is empty, there is nothing to parse"),
            ("{\"a\": 1} r1#", "the answer is not JSON: trailing characters at line 1, column 10: `{\"a\": 1} r1#`"),
            ("{\n \"a\": ,\n}", "the answer is not JSON: expected value at line 2, column 7: `\"a\": ,`"),
            ("[1, 2", "the answer is not JSON: EOF while parsing a list at line 1, column 5: `[1, 2`"),
            ("% Invalid input", "the answer is not JSON: expected value at line 1, column 1: `% Invalid input`"),
            ("{\"a\": 1e999}", "the answer is not JSON: number out of range at line 1, column 11: `{\"a\": 1e999}`"),
        ] {
            assert_eq!(parsed(&json_parser, answer), Err(sentence.to_owned()), "{answer:?}");
        }
        let minified = format!("[{}x]", "1,".repeat(1 << 20));
        assert!(parsed(&json_parser, &minified).is_err_and(|sentence| sentence.ends_with("1,1,x]`")));
        assert!(parsed(&json_parser, &"[".repeat(1_000_000)).is_err_and(|sentence| sentence.contains("recursion limit")));
    }

    #[test]
    fn every_match_becomes_a_mapping() {
        let parser = regex(r"(?P<name>\w+) is (?P<state>up|down)(?: for (?P<days>\d+))?").expect("a pattern");
        assert_eq!(
            parsed(&parser, "eth0 is up for 3\neth1 is down"),
            Ok(json!([{"name": "eth0", "state": "up", "days": "3"}, {"name": "eth1", "state": "down", "days": null}]))
        );
        assert!(parsed(&parser, "nothing here").is_err_and(|sentence| sentence.ends_with("matches nowhere in the answer")));
        let often = regex("(?P<x>a*)").expect("a pattern");
        assert!(parsed(&often, "bbb").is_err(), "only empty matches");
        assert!(parsed(&regex("(?P<x>a)").expect("a pattern"), &"a".repeat(MATCHES + 1)).is_err());
    }

    #[test]
    fn bad_patterns_are_refused_when_they_are_checked() {
        for (pattern, message) in [
            ("a(b", "`a(b` is not a regular expression: unclosed group"),
            ("(a)", "the regular expression has no named group, so that nothing would be parsed"),
            (r"(?P<x>\w{1000}{1000})", r"the regular expression `(?P<x>\w{1000}{1000})` repeats too much to be compiled"),
        ] {
            assert_eq!(regex(pattern).expect_err(pattern).message, message);
        }
        assert!(regex(&"(".repeat(10_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(answer in ".*", broken in r#"[\[\]{}",:0-9a-z \n]*"#) {
            let patterns = [regex(r"(?P<a>\S+)\s(?P<b>.)").expect("a pattern"), Parser::compile(&placed(Parse::Json)).expect("json")];
            for parser in &patterns {
                drop(parser.parse(&answer, &Scope::new()));
                drop(parser.parse(&broken, &Scope::new()));
            }
        }
    }
}
