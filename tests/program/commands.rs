//! Commands that open nothing: what they print, and how they end. `reach` has `connect-check`.

use crate::plain;
use crate::program::{Program, text};
use expect_test::expect;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// A testbed with a device that needs no server, and one that is reached in two ways.
const TESTBED: &str = r#"testbed:
  name: lab
  credentials:
    default: {username: admin, password: hunter2-secret}
devices:
  here:
    os: linux
    type: host
    tags: [local]
    connections:
      sh: {class: shell}
  leaf1:
    os: frr
    platform: vtysh
    alias: uut
    connections:
      defaults: {via: mgmt, pool_size: 2}
      mgmt: {protocol: ssh, host: 127.0.0.1, port: PORT, host_keys: strict}
      console: {class: shell}
"#;

const JOB: &str = "job: look
testbed: testbed.yaml
tests:
  - {name: up, id: is-up, tags: [smoke, fast], devices: all, steps: [{execute: 'true', assert: [{exit_code: 0}]}]}
  - {name: this machine, steps: [{shell: 'true', assert: [{exit_code: 0}]}]}
";

pub(crate) fn lab(port: u16) -> Program {
    Program::new(&TESTBED.replace("PORT", &port.to_string()), JOB)
}

/// Standard output, after checking that nothing else was said.
fn printed(output: &Output) -> String {
    assert_eq!((text(&output.stderr).as_str(), output.status.code()), ("", Some(0)));
    text(&output.stdout)
}

#[test]
fn init_writes_files_that_are_accepted_and_pass_and_says_what_is_next() {
    let program = lab(1);
    let made = program.again(&["init", "new/lab"]);
    expect![[r#"
        written in new/lab:
          testbed.yaml                 the devices, and how they are reached
          job.yaml                     what they are asked, and what is expected
          recordings/router.yaml       a recorded session, which stands in for a router
          schemas/testbed.schema.json  with which editors complete and explain testbeds
          schemas/job.schema.json      the same for jobs
        next:
          cd new/lab
          runner check job.yaml                      finds mistakes, opens nothing
          runner run job.yaml --junit junit.xml      asks this machine and the recorded router
        then put a device of yours into testbed.yaml: `runner devices testbed.yaml` shows it, and
        `runner connect-check testbed.yaml` whether it is reached
    "#]]
    .assert_eq(&text(&made.stderr));
    assert_eq!((made.status.code(), made.stdout.as_slice()), (Some(0), b"".as_slice()));
    let inside = |arguments: &[&str]| {
        let runner = env!("CARGO_BIN_EXE_runner");
        let path = [("PATH", "/usr/bin:/bin")];
        Command::new(runner).args(arguments).current_dir(program.path("new/lab")).env_clear().envs(path).output().expect("runner starts")
    };
    assert_eq!(printed(&inside(&["check", "job.yaml"])), "first: 2 test cases on 2 devices, nothing was opened\n");
    let run = inside(&["run", "job.yaml", "--jobs", "1", "--junit", "junit.xml"]);
    expect![[r#"
        job first, testbed testbed.yaml: 2 test cases on 2 devices, run -
        PASS  -  connect [here]
        PASS  -  room on the disk [here]
        PASS  -  connect [router]
        PASS  -  sessions [router]
              step 1 session to 10.0.13.2: passed after 2 attempts

        2 passed in -
        JUnit: junit.xml
    "#]]
    .assert_eq(&plain(&text(&run.stderr)));
    assert_eq!(run.status.code(), Some(0));
    for (file, kind) in [("schemas/job.schema.json", "job"), ("schemas/testbed.schema.json", "testbed")] {
        assert_eq!(std::fs::read_to_string(program.path("new/lab").join(file)).expect("a schema"), printed(&inside(&["schema", kind])));
    }
    for file in ["job.yaml", "testbed.yaml"] {
        let written = std::fs::read_to_string(program.path("new/lab").join(file)).expect("a file");
        let schema = written.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema=")).expect("a schema");
        assert!(program.path("new/lab").join(schema).is_file(), "{schema}");
    }
}

#[test]
fn init_never_overwrites_and_leaves_nothing_half_written() {
    let program = lab(1);
    let before = std::fs::read_to_string(program.path("job.yaml")).expect("a job");
    let refused = program.again(&["init"]);
    expect![[r#"
        error: `testbed.yaml` and `job.yaml` are there already, nothing was written
        hint: choose another folder: `runner init DIR`

    "#]]
    .assert_eq(&text(&refused.stderr));
    assert_eq!(refused.status.code(), Some(3));
    assert_eq!(std::fs::read_to_string(program.path("job.yaml")).expect("a job"), before);
    assert!(!program.path("recordings").exists() && !program.path("schemas").exists());
    // A link that leads nowhere is there, too.
    std::fs::create_dir(program.path("linked")).expect("a folder");
    std::os::unix::fs::symlink("/nowhere", program.path("linked/job.yaml")).expect("a link");
    assert_eq!(program.again(&["init", "linked"]).status.code(), Some(3));
    // A file in the place of a folder is found late: what was written before is gone again.
    std::fs::create_dir(program.path("half")).expect("a folder");
    program.write("half/schemas", "a file");
    let refused = program.again(&["init", "half"]);
    assert_eq!(refused.status.code(), Some(6), "{}", text(&refused.stderr));
    let left: Vec<_> =
        std::fs::read_dir(program.path("half")).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left, ["schemas"]);
    assert_eq!(program.again(&["init", "job.yaml/x"]).status.code(), Some(6));
}

#[test]
fn list_shows_the_tests_that_would_run() {
    let program = lab(1);
    expect![[r#"
        ID            NAME          TAGS         CASES  DEVICES
        is-up         up            smoke, fast  2      2: here, leaf1
        this-machine  this machine  -            1      -
    "#]]
    .assert_eq(&printed(&program.again(&["list", "job.yaml"])));
    expect![[r#"
        [
          {
            "id": "is-up",
            "name": "up",
            "tags": [
              "smoke",
              "fast"
            ],
            "cases": 1,
            "devices": [
              "here"
            ],
            "place": "job.yaml:4"
          }
        ]
    "#]]
    .assert_eq(&printed(&program.again(&["list", "job.yaml", "--device", "here", "--test", "up", "--json"])));
    program.write("job.yaml", &JOB.replace("devices: all", "devices: leaf9"));
    let refused = program.again(&["list", "job.yaml"]);
    assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(3), b"".as_slice()));
    assert!(text(&refused.stderr).ends_with("1 complaint, nothing was listed\n"), "{}", text(&refused.stderr));
}

#[test]
fn devices_shows_every_connection_and_never_a_secret() {
    let program = lab(2222);
    let table = printed(&program.again(&["devices", "testbed.yaml"]));
    expect![[r#"
        DEVICE  OS     PLATFORM  TYPE  ALIAS    VIA      CLASS  ADDRESS
        here    linux  -         host  default  sh       shell  this machine
        leaf1   frr    vtysh     -     default  mgmt     ssh    127.0.0.1:2222
        leaf1   frr    vtysh     -     console  console  shell  this machine
    "#]]
    .assert_eq(&table);
    assert_eq!(printed(&program.again(&["devices", "job.yaml"])), table, "a job means its testbed");
    let json = printed(&program.again(&["devices", "testbed.yaml", "--json"]));
    let console = printed(&program.again(&["devices", "testbed.yaml", "--device", "leaf1", "--via", "console"]));
    assert!(console.contains("console  shell"), "{console}");
    let explained = printed(&program.again(&["devices", "testbed.yaml", "--explain", "leaf1"]));
    expect![[r#"
        device leaf1, at testbed.yaml:12
        WHAT        IS          BECAUSE                                       AT
        alias       default     nothing says otherwise, so it is `default`    -
        pool        2 sessions  `pool_size` under `connections.defaults`      testbed.yaml:17
        path        mgmt        `via` under `connections.defaults`            testbed.yaml:17
        class       ssh         it speaks `protocol: ssh`                     testbed.yaml:18
        host        127.0.0.1   `host` or `ip` of the path                    testbed.yaml:18
        port        2222        `port` of the path                            testbed.yaml:18
        credential  default     tried first, from `credentials` of `testbed`  testbed.yaml:4
        host_keys   strict      an option of the path                         testbed.yaml:18
    "#]]
    .assert_eq(&explained);
    let all = [table, json, explained, printed(&program.again(&["devices", "job.yaml", "--explain", "leaf1", "--json"]))].concat();
    assert!(!all.contains("hunter2"), "{all}");
    let unknown = program.again(&["devices", "testbed.yaml", "--explain", "leaf9"]);
    assert_eq!(text(&unknown.stderr), "error: `--explain leaf9` names no device\nhint: did you mean `leaf1`?\n\n");
    assert_eq!(unknown.status.code(), Some(3));
}

#[test]
fn devices_tells_programs_the_same_as_json() {
    let program = lab(2222);
    let json = printed(&program.again(&["devices", "testbed.yaml", "--device", "uut", "--json"]));
    expect![[r#"
        [
          {
            "name": "leaf1",
            "alias": "uut",
            "os": "frr",
            "platform": "vtysh",
            "type": null,
            "tags": [],
            "place": "testbed.yaml:12",
            "connections": [
              {
                "alias": "default",
                "usual": true,
                "via": "mgmt",
                "class": "ssh",
                "host": "127.0.0.1",
                "port": 2222,
                "address": "127.0.0.1:2222",
                "credential": "default",
                "pool_size": 2
              },
              {
                "alias": "console",
                "usual": false,
                "via": "console",
                "class": "shell",
                "host": null,
                "port": null,
                "address": "this machine",
                "credential": "default",
                "pool_size": 2
              }
            ]
          }
        ]
    "#]]
    .assert_eq(&json);
}

#[test]
fn devices_shows_what_it_can_beside_a_device_that_is_wrong() {
    let program = lab(1);
    program
        .write("testbed.yaml", "devices: {ok: {connections: {a: {class: shell}}}, bad: {connections: {a: {class: shh}}}, none: {os: x}}");
    let output = program.again(&["devices", "testbed.yaml"]);
    expect![[r#"
        DEVICE  OS  PLATFORM  TYPE  ALIAS    VIA  CLASS  ADDRESS
        ok      -   -         -     default  a    shell  this machine
        bad     -   -         -     -        -    -      -
        none    x   -         -     -        -    -      -
    "#]]
    .assert_eq(&text(&output.stdout));
    let said = text(&output.stderr);
    assert!(said.contains("class `shh` is unknown") && said.contains("device `none` has no connections"), "{said}");
    assert_eq!(output.status.code(), Some(3));
    // Without a usual path, steps still reach each path by its alias.
    program.write("testbed.yaml", "devices: {two: {connections: {a: {class: shell}, b: {class: shell}}}}");
    let output = program.again(&["devices", "testbed.yaml"]);
    expect![[r#"
        DEVICE  OS  PLATFORM  TYPE  ALIAS  VIA  CLASS  ADDRESS
        two     -   -         -     a      a    shell  this machine
        two     -   -         -     b      b    shell  this machine
    "#]]
    .assert_eq(&text(&output.stdout));
    assert!(text(&output.stderr).starts_with("warning: device `two` can be reached by `a` and `b`: nothing says which\n"));
    assert_eq!(output.status.code(), Some(0));
    program.write("job.yaml", "job: x\ntests: [{name: t, steps: [{shell: x, assert: [{exit_code: 0}]}]}]");
    let output = program.again(&["devices", "job.yaml"]);
    assert!(text(&output.stderr).contains("this job names no testbed"), "{}", text(&output.stderr));
    assert_eq!(program.again(&["devices", "nowhere.yaml"]).status.code(), Some(3));
}

#[test]
fn classes_are_listed_and_described() {
    let program = lab(1);
    let all = printed(&program.again(&["classes"]));
    for class in ["ssh", "shell", "replay"] {
        assert!(all.lines().any(|line| line.starts_with(class)), "{all}");
        let one = printed(&program.again(&["classes", class]));
        assert!(one.starts_with(&format!("class {class}: ")) && one.contains("\n  execute\n"), "{one}");
    }
    let json: serde_json::Value = serde_json::from_str(&printed(&program.again(&["classes", "ssh", "--json"]))).expect("JSON");
    assert_eq!(json[0]["services"][0]["name"], "execute");
    assert_eq!(json[0]["options"][0]["takes"], "`strict`, `accept-new`, `off`");
    let unknown = program.again(&["classes", "shh"]);
    assert!(text(&unknown.stderr).contains("did you mean `ssh`?"), "{}", text(&unknown.stderr));
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn schemas_completions_and_pages_go_to_standard_output() {
    let program = lab(1);
    for kind in ["job", "testbed"] {
        let schema: serde_json::Value = serde_json::from_str(&printed(&program.again(&["schema", kind]))).expect("JSON");
        assert!(schema["$schema"].is_string() && schema["properties"].is_object(), "{kind}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&program.again(&["completions", shell]));
        assert!(script.contains("connect-check") && script.contains("scan-keys"), "{shell}");
    }
    assert!(printed(&program.again(&["man"])).contains(".SH NAME\nrunner \\- "));
    assert!(printed(&program.again(&["man", "run"])).contains(".SH \"EXIT STATUS\""));
    assert_eq!(program.again(&["man", "rnu"]).status.code(), Some(2));
    // Bash reads its script.
    let mut bash = Command::new("bash").args(["-n"]).stdin(Stdio::piped()).spawn().expect("bash starts");
    let script = printed(&program.again(&["completions", "bash"]));
    bash.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("bash reads");
    assert!(bash.wait().expect("bash").success());
}

#[test]
fn a_wrong_command_line_names_what_was_meant() {
    let program = lab(1);
    let mut said = String::new();
    for arguments in
        [&["job.yaml"][..], &["rnu", "job.yaml"], &["run", "job.yaml", "--junt", "x"], &["check"], &["schema", "jobs"], &["fly"]]
    {
        let output = program.again(arguments);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()), "{arguments:?}");
        let tips = text(&output.stderr);
        let tips = tips.lines().filter(|line| !line.is_empty() && !line.starts_with("For more") && !line.starts_with("Usage"));
        said.push_str(&format!("$ runner {}\n{}\n", arguments.join(" "), tips.collect::<Vec<_>>().join("\n")));
    }
    expect![[r#"
        $ runner job.yaml
        error: unrecognized subcommand 'job.yaml'
          tip: a job is run by `runner run job.yaml`
        $ runner rnu job.yaml
        error: unrecognized subcommand 'rnu'
          tip: a similar subcommand exists: 'run'
        $ runner run job.yaml --junt x
        error: unexpected argument '--junt' found
          tip: a similar argument exists: '--junit'
        $ runner check
        error: the following required arguments were not provided:
          <JOB>
        $ runner schema jobs
        error: invalid value 'jobs' for '<KIND>'
          [possible values: job, testbed]
          tip: a similar value exists: 'job'
        $ runner fly
        error: unrecognized subcommand 'fly'
    "#]]
    .assert_eq(&said);
    assert_eq!(program.again(&[]).status.code(), Some(2));
    assert_eq!(program.again(&["--version"]).status.code(), Some(0));
}
