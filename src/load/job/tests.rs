//! Jobs: what they become, and what is said about them.

mod matrix;

use crate::base::diagnostic::{Colour, Severity};
use crate::load::{Loaded, job_text};
use crate::model::assertion::{Capture, Comparison, Filter, Part, Source};
use crate::model::job::{Devices, Job, Order};
use crate::model::step::{Action, Parallel, Parse};
use expect_test::expect_file;
use std::path::Path;
use std::time::Duration;

const JOB: &str = include_str!("../pinned/job.yaml");

fn load(text: &str) -> Loaded<Job> {
    job_text(text, "job.yaml", Path::new("/jobs"))
}

fn messages(text: &str) -> Vec<String> {
    load(text).diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect()
}

/// The complaints about a job of one test with one step.
fn about_step(step: &str) -> Vec<String> {
    messages(&format!("job: j\ntests:\n  - name: t\n    steps:\n      - {step}\n      - shell: x\n"))
}

/// The complaints about one assertion.
fn about(assertion: &str) -> Vec<String> {
    about_step(&format!("{{execute: x, assert: [{assertion}]}}"))
}

#[test]
fn a_job_loads_with_everything_in_it() {
    let loaded = load(JOB);
    assert_eq!(loaded.diagnostics, []);
    let job = loaded.value.expect("job");
    assert_eq!((job.name.value.as_str(), job.order, job.vars.len(), job.setup.len(), job.teardown.len()), ("bgp", Order::Free, 2, 1, 1));
    assert_eq!(job.defaults.retry.every.as_ref().map(|found| found.value), Some(Duration::from_secs(2)));
    let ids: Vec<_> = job.tests.iter().map(|test| test.id.value.as_str()).collect();
    assert_eq!(ids, ["sessions-are-up", "all", "by-attribute", "by-expression"]);
    let forms: Vec<_> = job.tests.iter().filter_map(|test| test.devices.as_ref()).collect();
    assert!(matches!(
        forms.as_slice(),
        [Devices::Named(names), Devices::All(_), Devices::Attributes(pairs), Devices::Where(_)] if names.len() == 2 && pairs.len() == 2
    ));
    let kinds: Vec<_> = job.tests[0].steps.iter().map(|step| step.action.value.name()).collect();
    assert_eq!(kinds, ["execute", "execute", "configure", "shell", "assert", "group"]);
    assert_eq!(job.tests[0].steps[0].action.place.to_string(), "job.yaml:19:9");
}

#[test]
fn steps_keep_what_surrounds_them() {
    let job = load(JOB).value.expect("job");
    let steps = &job.tests[0].steps;
    assert_eq!(steps[0].parse.as_ref().map(|parse| &parse.value), Some(&Parse::Json));
    assert!(matches!(&steps[0].capture, Some(Capture::Parts(parts)) if parts[0].default.is_some()));
    assert_eq!(steps[1].parallel.as_ref().map(|found| found.value), Some(Parallel::AtMost(2)));
    let Action::Configure(lines) = &steps[2].action.value else { panic!("configure") };
    let lines: Vec<_> = lines.iter().map(|line| (line.value.as_str(), line.place.line())).collect();
    assert_eq!(lines, [("interface Eth0", 37), ("  no shutdown", 38), ("end", 40)]);
    assert_eq!(steps[3].parallel.as_ref().map(|found| found.value), Some(Parallel::All));
    let Action::Group { steps: inner, always, .. } = &steps[5].action.value else { panic!("group") };
    assert_eq!((inner.len(), always.len()), (4, 1));
    assert!(job.tests[1].steps[0].sensitive && job.tests[1].steps[0].continue_on_failure);
}

#[test]
fn assertions_become_source_filters_and_operator() {
    let job = load(JOB).value.expect("job");
    let list = &job.tests[0].steps[0].assertions.as_ref().expect("assertions").value;
    assert_eq!(list.len(), 7);
    assert!(matches!((&list[0].extract.source, &list[0].operator.test), (Source::Of(Part::Text), Comparison::Contains(_))));
    assert!(matches!(&list[1].operator.test, Comparison::Each(inner) if matches!(inner.test, Comparison::Equals(_))));
    assert_eq!(list[2].extract.filters.iter().map(|filter| filter.value).collect::<Vec<_>>(), [Filter::AsInt]);
    assert!(matches!((&list[3].extract.source, &list[3].operator.test), (Source::Of(Part::Status), Comparison::Equals(_))));
    assert!(matches!(&list[5].operator.test, Comparison::Count(inner) if matches!(inner.test, Comparison::Ge(_))));
    assert!(list[6].operator.negated && matches!(&list[6].operator.test, Comparison::Contains(value) if value.text() == Some("17.10")));
}

#[test]
fn assertions_that_cannot_be_right_are_refused() {
    for (assertion, message) in [
        ("{}", "this assertion has no operator"),
        ("text", "an assertion must be a mapping, found text"),
        ("{contains: a, matches: b}", "an assertion has exactly one operator, found `contains` and `matches`"),
        ("{status: 200, equals: 1}", "an assertion has exactly one operator, found `status` and `equals`"),
        ("{of: text, regex: a, equals: b}", "only one source is possible, found `of` and `regex`"),
        ("{status: {ge: 200}}", "`status` wants a whole number, found a mapping"),
        ("{exit_code: \"0\"}", "`exit_code` wants a whole number, found text"),
        ("{contians: a}", "an assertion has no key `contians`"),
        ("{xpath: //a, equals: b}", "`xpath` is not supported by this version"),
        ("{not_all_of: []}", "`not_all_of` is not supported by this version"),
        ("{not: {equals: a}}", "`not` is not supported by this version"),
        ("{each: {contains_any: [a]}}", "`contains_any` is not supported by this version"),
        ("{each: {equal: a}}", "`equal` is not an operator"),
        ("{each: {equals: a, contains: b}}", "`each` wants exactly one operator, found 2 keys"),
        ("{each: up}", "`each` wants an operator such as `{equals: up}`, found text"),
        ("{contains: \"\"}", "`contains` always holds with this: every text does so"),
        ("{not_contains: \"\"}", "`not_contains` never holds with this: every text does so"),
        ("{matches: \"x*\"}", "`matches` always holds with this: every text does so"),
        ("{jsonpath: $.a, count: {ge: 0}}", "`count` always holds with this: there are never less than none"),
        ("{exists: true}", "the source of this is always there: it exists whatever was answered"),
        ("{count: 1}", "the source of this is one value, whatever was answered"),
        ("{value: up, equals: up}", "this `value` is the same whatever was answered: it holds no template"),
        ("{in: []}", "`in` is an empty list"),
        ("{in: a}", "`in` wants a list, found text"),
        ("{as: int, between: [3]}", "`between` wants a list of two numbers, such as `[1, 10]`"),
        ("{as: int, between: [3, 1]}", "nothing lies between these: the first is greater than the second"),
        ("{exists: yes}", "`exists` wants `true` or `false`, found the text `yes`"),
        ("{type: integer}", "`type` wants one of `text`, `int`, `float`, `boolean`, `list`, `mapping` and `null`, found `integer`"),
        ("{matches: \"(\"}", "this is not a regular expression: unclosed group"),
        ("{regex: \"(\", equals: a}", "this is not a regular expression: unclosed group"),
        ("{gt: \"9\"}", "`gt` wants a number, found text"),
        ("{gt: 9}", "the source is text, and `gt`, `ge`, `lt`, `le` and `between` need a number: add `as: int` or `as: float`"),
        ("{equals: 9}", "the source is text, and a number never equals it: put it in quotes, or add `as: int`"),
        ("{of: exit_code, not_equals: \"0\"}", "the source is a number, and text never equals it"),
        ("{of: duration, lt: 2}", "`duration`: `2` has no unit: write `2s`, `2ms` or `2m`"),
        ("{jsonpath: $.a, gt: 2s}", "`gt` wants a number, found text"),
        ("{of: body, equals: a}", "`of` wants one of `text`, `stdout`, `stderr`, `exit_code`, `status` and `duration`, found `body`"),
        ("{first: false, equals: a}", "leave `first` out when it is not wanted"),
        ("{jsonpath: \"$.[\", equals: a}", "this is not a JSONPath: in dot member name, must start with lowercase alpha or '_'"),
        ("{jsonpath: $.v, equals: 1.10}", "`1.10` is the number 1.1 here"),
    ] {
        assert_eq!(about(assertion), [message], "{assertion}");
    }
}

#[test]
fn assertions_that_look_odd_but_are_right_are_taken() {
    for assertion in [
        "{matches: '^$'}",
        "{jsonpath: $.a, count: 3}",
        "{of: stderr, exists: false}",
        "{value: [\"{{ a }}\", 1], contains: 1}",
        "{length: {gt: 0}}",
        "{not_in: [a, \"{{ b }}\"]}",
        "{value: \"{{ a }}\", gt: \"{{ b }}\"}",
        "{lines: true, count: {ge: 2}}",
        "{jsonpath: \"$['{{ peer }}'].x\", equals: 1}",
        "{exit_code: \"{{ code }}\"}",
        "{regex: '(\\d+)', as: int, in: [1, 2]}",
        "{of: duration, between: [10ms, 2s]}",
    ] {
        assert_eq!(about(assertion), [""; 0], "{assertion}");
    }
}

#[test]
fn steps_that_cannot_be_right_are_refused() {
    for (step, message) in [
        ("{}", "this step has no action"),
        ("{name: x}", "this step has no action"),
        ("show version", "a step must be a mapping, found text"),
        ("{exeute: x}", "a step has no key `exeute`"),
        ("{execute: x, shell: y}", "a step does exactly one thing, but this one has `execute` and `shell`"),
        ("{execute: []}", "`execute` is an empty list"),
        ("{execute: \"\"}", "`execute` is empty"),
        ("{execute: {show x: {}}}", "`execute` with a mapping is not supported by this version"),
        ("{execute: \"a\\nb\"}", "`execute` wants one command per text, found several lines"),
        ("{execute: {{ x }}}", "an unquoted `{{ }}` is a mapping to YAML"),
        ("{execute: x, assert: []}", "`assert` is an empty list, which would assert nothing"),
        ("{execute: x, assert: }", "`assert` wants a list, found nothing"),
        ("{assert: [{contains: x}]}", "an `assert` that stands alone has no answer to look at"),
        ("{log: x, assert: [{contains: y}]}", "`assert` has nothing to do beside `log`"),
        ("{group: g, steps: [{shell: x}], parse: json}", "`parse` has nothing to do beside `group`"),
        ("{group: g}", "a step needs `steps`"),
        ("{group: g, steps: []}", "`steps` is an empty list"),
        ("{execute: x, retry: {every: 1s}}", "`retry` needs `within` or `attempts`: nothing else would end it"),
        ("{execute: x, retry: {attempts: 0}}", "`attempts` wants a whole number of at least 1, found `0`"),
        ("{execute: x, retry: {within: 0s}}", "`within` must be longer than nothing"),
        ("{configure: x, retry: {attempts: 2}}", "`retry` would repeat `configure`, which changes the device"),
        ("{execute: x, timeout: 30}", "`timeout`: `30` has no unit: write `30s`, `30ms` or `30m`"),
        ("{execute: x, parse: jsno}", "`parse` wants `json` or `{regex: ...}`, found `jsno`"),
        ("{execute: x, parse: xml}", "`parse: xml` is not supported by this version"),
        ("{execute: x, parse: {kv: ':'}}", "`kv` is not supported by this version"),
        ("{execute: x, parse: {regex: 'a(b)'}}", "this pattern has no named group, so that nothing would be kept"),
        ("{execute: x, capture: a-b}", "`a-b` cannot be the name of a variable"),
        ("{execute: x, capture: {device: {of: text}}}", "`device` is reserved: it cannot be the name of a variable"),
        ("{execute: x, capture: {a: {}}}", "this does not say what is captured"),
        ("{execute: x, capture: {a: {of: text, equals: b}}}", "a capture keeps a value: `equals` belongs in `assert`"),
        ("{execute: x, loop: []}", "`loop` is empty: the step would never run"),
        ("{execute: x, loop: 3}", "`loop` wants a list, a mapping or an expression, found a number"),
        ("{execute: x, parallel: 2}", "`parallel` has nothing to do: there is one command and no `loop`"),
        ("{execute: x, sensitive: yes}", "`sensitive` wants `true` or `false`, found the text `yes`"),
        ("{request: {}}", "`request` is not supported by this version"),
        ("{set: {not: 1}}", "`not` is a word of expressions: it cannot be the name of a variable"),
        ("{wait: 5}", "`wait`: `5` has no unit: write `5s`, `5ms` or `5m`"),
    ] {
        let said = about_step(step);
        assert!(said.len() == 1 && said[0].starts_with(message), "{step}: {said:?}");
    }
}

#[test]
fn connections_errors_and_pauses_that_cannot_be_right_are_refused() {
    for (step, message) in [
        ("{execute: x, retry: {within: 1s, backoff: 0.5}}", "`backoff` wants a number from 1 to 100, found `0.5`"),
        ("{execute: x, retry: {within: 1s, backoff: fast}}", "`backoff` wants a number from 1 to 100, found `fast`"),
        ("{execute: x, retry: {within: 1s, jitter: 3}}", "`jitter`: `3` has no unit"),
        ("{execute: x, retry: {within: 1s, max_every: 3s}}", "`max_every` has nothing to do without `backoff`"),
        ("{execute: x, retry: {within: 1s, backoff: 2, every: 5s, max_every: 3s}}", "`max_every` is shorter than `every`"),
        ("{execute: x, expect_error: {}}", "`expect_error` says nothing: any error at all would be right"),
        ("{execute: x, expect_error: lost}", "`expect_error` must be a mapping, found text"),
        (
            "{execute: x, expect_error: {phase: auht}}",
            "`phase` wants one of `validation`, `creation`, `auth`, `state` and `call`, found `auht`",
        ),
        ("{execute: x, expect_error: {kind: template}}", "`kind` wants one of `invalid`, `unreachable`"),
        ("{execute: x, expect_error: {matches: '.*'}}", "`matches` always holds with this: every text does so"),
        ("{execute: x, expect_error: {matches: '('}}", "this is not a regular expression: unclosed group"),
        ("{execute: x, expect_error: {kind: lost, fase: call}}", "`expect_error` has no key `fase`"),
        ("{execute: x, expect_error: {kind: lost}, assert: [{contains: y}]}", "`assert` has nothing to do beside `expect_error`"),
        ("{execute: x, expect_error: {kind: lost}, capture: y}", "`capture` has nothing to do beside `expect_error`"),
        ("{log: x, expect_error: {kind: lost}}", "`expect_error` has nothing to do beside `log`"),
        ("{group: g, steps: [{shell: x}], expect_error: {kind: lost}}", "`expect_error` has nothing to do beside `group`"),
        ("{execute: x, device: a, devices: [b]}", "a step has `device` or `devices`, not both"),
        ("{execute: x, devices: []}", "`devices` is an empty list"),
        ("{shell: x, devices: all}", "`devices` has nothing to do beside `shell`"),
        ("{group: g, steps: [{shell: x}], devices: all}", "`devices` has nothing to do beside `group`"),
        ("{connect: }", "`connect` says nothing"),
        ("{connect: all}", "`all` cannot be connected"),
        ("{connect: {alias: all}}", "`all` cannot be an alias"),
        ("{connect: [a]}", "`connect` must be a mapping, found a list"),
        ("{connect: 'a{{ b }}'}", "`connect` takes no template here"),
        ("{connect: {alias: a, via: '{{ b }}'}}", "`via` takes no template here"),
        ("{connect: {alias: a, cwd: '{{ b }}'}}", "`cwd` takes no template here"),
        ("{connect: {pool_size: 0}}", "`pool_size` wants a whole number from 1 to 1000, found `0`"),
        ("{connect: {pool_timeout: 5}}", "`pool_timeout`: `5` has no unit"),
        ("{connect: {via: []}}", "`via` is an empty list"),
        ("{connect: a, alias: b}", "`alias` has nothing to do beside `connect`"),
        ("{connect: a, parse: json}", "`parse` has nothing to do beside `connect`"),
        ("{connect: a, capture: b}", "`capture` has nothing to do beside `connect`"),
        ("{connect: a, disconnect: b}", "a step does exactly one thing, but this one has `connect` and `disconnect`"),
        ("{disconnect: }", "`disconnect` says nothing"),
        ("{disconnect: {via: a}}", "`disconnect` has no key `via`"),
        ("{disconnect: a, timeout: 3s}", "`timeout` has nothing to do beside `disconnect`"),
        ("{destroy: a, assert: [{contains: y}]}", "`assert` has nothing to do beside `destroy`"),
    ] {
        let said = about_step(step);
        assert!(said.len() == 1 && said[0].starts_with(message), "{step}: {said:?}");
    }
}

#[test]
fn a_key_that_its_action_would_ignore_is_refused() {
    let local = ["set: {a: 1}", "log: a", "wait: 1s", "fail: a", "skip: a", "assert: [{value: '{{ b }}', equals: 1}]", "shell: a"];
    let group = "group: g, steps: [{shell: a}]";
    let keys = [("device", "r1"), ("alias", "cli"), ("timeout", "1s")];
    for (action, (key, value)) in local.iter().chain([&group]).flat_map(|action| keys.map(|key| (*action, key))) {
        let name = action.split(':').next().expect("a name");
        let expected = match (name, key) {
            ("shell", "timeout") => vec![],
            _ => vec![format!("`{key}` has nothing to do beside `{name}`")],
        };
        assert_eq!(about_step(&format!("{{{action}, {key}: {value}}}")), expected, "{action} {key}");
    }
}

#[test]
fn a_plain_command_that_a_comment_cuts_short_is_warned_of() {
    for step in ["execute: show run | include a # b", "execute:\n          - show x #y", "shell: a  # b", "configure: [a # b\n        ]"] {
        let said = about_step(step);
        assert_eq!(said, ["the command ends here: ` #` begins a comment"], "{step}");
    }
    for step in ["execute: 'show run' # b", "execute: a#b", "execute: |\n          a # b"] {
        assert_eq!(about_step(step), [""; 0], "{step}");
    }
}

#[test]
fn jobs_that_cannot_be_right_are_refused() {
    let test = "tests: [{name: t, steps: [{shell: x}]}]";
    for (text, message) in [
        (test.to_owned(), "a job needs `job`"),
        ("job: j".to_owned(), "a job needs `tests`"),
        ("job: j\ntests: []".to_owned(), "`tests` is an empty list"),
        ("job: j\ntests: {}".to_owned(), "`tests` wants a list, found a mapping"),
        ("[]".to_owned(), "a job must be a mapping, found a list"),
        ("testbed: {name: lab}\ndevices: {r1: {os: ios}}".to_owned(), "this is a testbed, and a job is wanted"),
        (format!("job: j\n{test}\ndevices: {{r1: {{os: ios}}}}"), "a job has no key `devices`"),
        ("job: j\ntests: [{steps: [{shell: x}]}]".to_owned(), "a test needs `name`"),
        ("job: j\ntests: [{name: t}]".to_owned(), "a test needs `steps`"),
        ("job: j\ntests: [{name: t, steps: []}]".to_owned(), "`steps` is an empty list"),
        ("job: j\ntests: [{name: '!', steps: [{shell: x}]}]".to_owned(), "no id can be made of the name `!`"),
        ("job: j\ntests: [{name: t, id: a b, steps: [{shell: x}]}]".to_owned(), "`a b` cannot be an id"),
        (
            "job: j\ntests: [{name: t, steps: [{log: x}, {wait: 1s}]}]".to_owned(),
            "this test checks nothing: none of its steps asks or asserts anything",
        ),
        ("job: j\ntests: [{name: t, known_issue: x, steps: [{shell: x}]}]".to_owned(), "`known_issue` is not supported by this version"),
        ("job: j\ntests: [{name: t, needs: [], steps: [{shell: x}]}]".to_owned(), "`needs` is an empty list"),
        (
            "job: j\ntests: [{name: t, lock: {a: b}, steps: [{shell: x}]}]".to_owned(),
            "`lock` wants text or a list of texts, found a mapping",
        ),
        (format!("job: j\n{test}\ndefaults: {{reopen_after: 0s}}"), "`reopen_after` must be longer than nothing"),
        (
            "job: j\ntests: [{name: t, devices: a, steps: [{disconnect: default}, {destroy: default}]}]".to_owned(),
            "this test checks nothing: none of its steps asks or asserts anything",
        ),
        ("job: j\ntests: [{name: t, devices: [], steps: [{shell: x}]}]".to_owned(), "`devices` is an empty list"),
        ("job: j\ntests: [{name: t, devices: {tags: []}, steps: [{shell: x}]}]".to_owned(), "`tags` is an empty list"),
        (
            "job: j\ntests: [{name: t, devices: {tags: {a: b}}, steps: [{shell: x}]}]".to_owned(),
            "`tags` wants text or a list of texts, found a mapping",
        ),
        ("job: j\ntests: [{name: t, devices: {where: a, os: b}, steps: [{shell: x}]}]".to_owned(), "`os` cannot stand beside `where`"),
        ("job: j\ntests: [{name: A b, steps: [{shell: x}]}, {name: a-b, steps: [{shell: x}]}]".to_owned(), "two tests have the id `a-b`"),
        ("job: j\ntests: [{name: t, steps: [{shell: x}]}, {name: t, steps: [{shell: x}]}]".to_owned(), "two tests have the name `t`"),
        (format!("job: j\n{test}\nsecrets: {{a: {{env: B}}}}"), "`secrets` is not supported by this version"),
        (format!("job: j\n{test}\norder: freee"), "`order` wants one of `sequential` and `free`, found `freee`"),
        (format!("job: j\n{test}\nvars: {{a: yes}}"), "`yes` is text here, but other YAML readers see a boolean"),
        (format!("job: j\n{test}\ntimeout: 0s"), "`timeout` must be longer than nothing"),
        (format!("job: j\n{test}\nteardwn: []"), "a job has no key `teardwn`"),
        (format!("job:\n{test}"), "`job` wants text, found nothing"),
    ] {
        assert_eq!(messages(&text), [message], "{text}");
    }
}

#[test]
fn defaults_may_bound_the_retry_of_a_step() {
    let text = "job: j\ndefaults: {retry: {attempts: 3}}\ntests: [{name: t, steps: [{shell: x, retry: {every: 1s}}]}]";
    assert_eq!(messages(text), [""; 0]);
}

#[test]
fn all_mistakes_of_a_file_are_reported_together() {
    let text = include_str!("../pinned/job_mistakes.yaml");
    let loaded = job_text(text, "job.yaml", Path::new("."));
    assert!(loaded.value.is_none());
    let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    assert!(errors >= 10, "{errors}");
    let said: String = loaded.diagnostics.iter().map(|diagnostic| diagnostic.render(Colour::Plain)).collect();
    expect_file!["../pinned/job_mistakes.txt"].assert_eq(&said);
}
