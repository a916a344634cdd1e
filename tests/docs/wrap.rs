//! Makes whole files of the snippets that pages show.

use serde_yaml::Value;

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole job.
    Job,
    /// Keys of a job, without `job` and `tests`.
    JobPart,
    /// A list of tests.
    Tests,
    /// One test.
    Test,
    /// A list of steps.
    Steps,
    /// One step, or what surrounds an action.
    Step,
    /// A list of assertions.
    Assertions,
    /// A whole testbed.
    Testbed,
    /// A part of a testbed: its `testbed` key.
    General,
    /// What stands beneath a device's name.
    Device,
    /// A recording.
    Recording,
}

const ACTIONS: [&str; 12] =
    ["execute", "configure", "connect", "disconnect", "destroy", "shell", "set", "log", "wait", "fail", "skip", "group"];
const AROUND: [&str; 8] = ["when", "loop", "parallel", "retry", "parse", "capture", "assert", "timeout"];
const JOB: [&str; 6] = ["vars", "order", "defaults", "setup", "teardown", "description"];

impl Kind {
    /// Tells from the keys; `None` when they tell nothing.
    pub(crate) fn of(block: &Value) -> Option<Self> {
        match block {
            Value::Mapping(map) => {
                let has = |key: &str| map.contains_key(key);
                let any = |keys: &[&str]| keys.iter().any(|key| has(key));
                match () {
                    () if has("job") => Some(Self::Job),
                    () if has("recording") => Some(Self::Recording),
                    () if has("steps") && has("name") && !has("group") => Some(Self::Test),
                    () if any(&ACTIONS) => Some(Self::Step),
                    () if has("devices") => Some(Self::Testbed),
                    () if has("testbed") => Some(Self::General),
                    () if has("connections") => Some(Self::Device),
                    () if any(&JOB) => Some(Self::JobPart),
                    () if any(&AROUND) => Some(Self::Step),
                    () => None,
                }
            }
            Value::Sequence(items) => {
                let first = items.first()?.as_mapping()?;
                let has = |key: &str| first.contains_key(key);
                match () {
                    () if has("steps") && !has("group") => Some(Self::Tests),
                    () if ACTIONS.iter().chain(&["assert"]).any(|key| has(key)) => Some(Self::Steps),
                    () => Some(Self::Assertions),
                }
            }
            _ => None,
        }
    }

    /// Whether the whole of it is about a testbed, so that a job must be made for it.
    pub(crate) fn is_testbed(self) -> bool {
        matches!(self, Self::Testbed | Self::General | Self::Device)
    }

    /// The whole file, a job or a testbed, that a block is put into.
    pub(crate) fn whole(self, text: &str) -> String {
        let job = |tests: &str| format!("job: example\ntestbed: lab.yaml\n{tests}");
        let steps = |steps: &str| job(&format!("tests:\n  - name: example\n    devices: r1\n    steps:\n{}", indent(steps, 6)));
        match self {
            Self::Job | Self::Testbed | Self::Recording => text.to_owned(),
            Self::JobPart => format!("{}{text}", job("tests: [{name: example, devices: r1, steps: [{execute: show version}]}]\n")),
            Self::Tests => job(&format!("tests:\n{}", indent(text, 2))),
            Self::Test => job(&format!("tests:\n{}", item(text, 2))),
            Self::Steps => steps(text),
            Self::Step => {
                let acts = ACTIONS.iter().any(|action| text.lines().any(|line| line.starts_with(&format!("{action}:"))));
                let ask =
                    if text.contains("jsonpath") { "execute: show bgp summary json\nparse: json\n" } else { "execute: show version\n" };
                steps(&item(&if acts { text.to_owned() } else { format!("{ask}{text}") }, 0))
            }
            Self::Assertions => {
                let ask = if text.contains("jsonpath") {
                    "- execute: show bgp summary json\n  parse: json\n"
                } else {
                    "- execute: show version\n"
                };
                steps(&format!("{ask}  assert:\n{}", indent(text, 4)))
            }
            Self::General => {
                format!("{text}devices:\n  r1: {{os: frr, connections: {{cli: {{protocol: ssh, host: 192.0.2.1}}}}}}\n")
            }
            Self::Device => format!("devices:\n  r1:\n{}", indent(text, 4)),
        }
    }
}

fn indent(text: &str, by: usize) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{}{line}\n", " ".repeat(by)) }).collect()
}

/// A mapping as the item of a list.
fn item(text: &str, by: usize) -> String {
    let all = indent(text, by + 2);
    format!("{}- {}", " ".repeat(by), all.get(by + 2..).unwrap_or_default())
}
