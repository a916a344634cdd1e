//! The built-in platforms, and what the loader says about a file that is none.

use super::*;
use crate::base::diagnostic::Colour;
use expect_test::expect;

#[test]
fn every_built_in_platform_can_be_read_and_is_known_by_its_names() {
    let platforms = built_in().expect("they are as they should be");
    assert_eq!(platforms.len(), BUILT_IN.len());
    for (file, text) in BUILT_IN {
        let complaints = load::platform_text(text, file).diagnostics;
        assert!(complaints.is_empty(), "{}", complaints.iter().map(|one| one.render(Colour::Plain)).collect::<String>());
    }
    for platform in platforms {
        assert_eq!(platform.ready().map_err(|fault| fault.to_string()), Ok(()));
        assert!(platform.os.iter().all(|os| os.to_lowercase() == *os), "{}", platform.name);
        for os in &platform.os {
            assert_eq!(of_os(os).expect("known").name, platform.name);
        }
    }
    for (os, name, run) in [
        ("linux", "linux", RunMode::Exec),
        ("Linux ", "linux", RunMode::Exec),
        ("", "linux", RunMode::Exec),
        ("iosxe", "generic", RunMode::Shell),
        ("what-is-this", "generic", RunMode::Shell),
    ] {
        let platform = of_os(os).expect("there is always one");
        assert_eq!((platform.name.as_str(), platform.run), (name, run), "{os}");
    }
}

#[test]
fn no_command_is_sent_at_connect_that_is_not_terminal_setup() {
    let lines: Vec<String> =
        built_in().expect("platforms").iter().map(|platform| format!("{}: {:?}", platform.name, platform.open)).collect();
    expect![[r#"
        linux: ["set +o emacs +o vi; case $BASH_VERSION in ?*) set +H; unset PROMPT_COMMAND;; esac; stty -echo; unset HISTFILE; export PAGER=cat SYSTEMD_PAGER=cat GIT_PAGER=cat; PS2= PS1=$(printf '\\n<{nonce}:$?>')"]
        generic: [""]"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn prompts_of_many_makers_are_prompts_of_the_generic_platform_and_output_is_not() {
    let generic = of_os("any").expect("generic");
    for prompt in [
        "r1>",
        "r1#",
        "r1(config)#",
        "r1(config-if)#",
        "RP/0/RP0/CPU0:r1#",
        "leaf-1.lab(config-s-abc)#",
        "user@r1>",
        "root@r1:~$",
        "root@r1:RE:0%",
        "[root@r1 ~]#",
        "[admin@MikroTik] >",
        "<HUAWEI>",
        "<r1-GigabitEthernet0/0/1>",
        "A:r1#",
        "*A:r1>config#",
        "admin@PA-VM>",
        "vyos@vyos:~$",
        "FGT60 #",
        "FGT60 (global) #",
        "(host) [mynode] #",
        "bash-5.2#",
        "#",
        "$",
        ">",
    ] {
        assert!(generic.is_prompt(prompt), "{prompt}");
    }
    for output in [
        "",
        "Loading 50%",
        "50%",
        "100 %",
        "!!!!",
        "####",
        "Password:",
        "Destination filename [startup-config]?",
        " --More--",
        "interface Gi0/1 is up #",
        "r1",
        "Proceed? [confirm]",
        "* r1> authorised users only #",
        "a -> b",
        "the end >",
    ] {
        assert!(!generic.is_prompt(output), "{output}");
    }
}

#[test]
fn pagers_errors_and_log_lines_are_told_from_output() {
    let generic = of_os("any").expect("generic");
    for line in
        ["--More--", "-- More --", "---(more)---", "---(more 15%)---", "<--- More --->", "--More--(50%)", "Press any key to continue"]
    {
        assert_eq!(generic.pager(line).map(|pager| pager.send.as_str()), Some(" "), "{line}");
    }
    for line in ["", "more", "no more routes", "More than one", "r1#", "--", "20 more lines --"] {
        assert!(generic.pager(line).is_none(), "{line}");
    }
    for line in [
        "% Invalid input detected at '^' marker.",
        "% Incomplete command.",
        "%Error opening tftp://x",
        "Error: no such thing",
        "syntax error, expecting <command>.",
        "unknown command.",
        "-bash: foo: command not found",
        "Invalid command at '^'",
        "% Authorization failed.",
        "% BGP not active",
        "%% Unknown command",
        "  Error: Unrecognized command found at '^' position.",
        "bad command name foo (line 1 column 1)",
        "Command fail. Return code -61",
    ] {
        assert!(generic.is_error(line), "{line}");
    }
    for line in [
        "0 input errors, 0 CRC",
        "Error counters:",
        "50% idle",
        "%SYS-5-CONFIG_I: Configured",
        "% of total",
        "commands: 5",
        "errors",
        "",
        "invalid 0",
    ] {
        assert!(!generic.is_error(line), "{line}");
    }
    assert_eq!(generic.without_trail("up\nr1#\n*Nov 20 13:00: %LINK-3-UPDOWN: x\n", "r1#"), "up\n");
    assert_eq!(generic.without_trail("up\nr1#\nr1#\n", "r1#"), "up\n");
    assert_eq!(generic.without_trail("up\nr1#\nand more\n", "r1#"), "up\nr1#\nand more\n");
    assert_eq!(generic.without_trail("up\n*Nov 20 13:00: %LINK-3-UPDOWN: x\n", "r1#"), "up\n*Nov 20 13:00: %LINK-3-UPDOWN: x\n");
    assert_eq!(generic.without_trail("\n\n", "r1#"), "\n\n");
    assert_eq!(generic.without_trail("", "r1#"), "");
}

#[test]
fn everything_that_is_wrong_with_a_file_is_said_with_its_place() {
    let text = "platform: x\nsummary: a test\nverified: never\nverified_with: nothing\nrun: exec\n\
                terminal: {type: vt100, columns: 0}\nmodes:\n  - {name: a, prompt: 'a(b'}\n  - {name: b, prompt: '.*'}\n  - {name: b, prompt: '#'}\n\
                own_prompt: '<{nonce}>'\nopen: ['echo <{nonce}>']\nsettle: 20\nquiet: 1s\ncancel: c\npager: []\nerrors: ['(']\n";
    let loaded = load::platform_text(text, "x.yaml");
    assert!(loaded.value.is_none());
    let shown: String = loaded.diagnostics.iter().map(|diagnostic| diagnostic.render(Colour::Plain)).collect();
    let sentences: Vec<&str> = shown.lines().filter(|line| line.starts_with("error") || line.contains("-->")).collect();
    expect![[r#"
        error: `verified` wants one of `system`, `simulator` and `documentation`, found `never`
         --> x.yaml:3:11
        error: `terminal` needs `rows`
         --> x.yaml:6:11
        error: `columns` wants a whole number from 1 to 10000, found `0`
         --> x.yaml:6:34
        error: this is no pattern: unclosed group
         --> x.yaml:8:23
        error: this pattern matches an empty line
         --> x.yaml:9:23
        error: there are two modes `b`
          --> x.yaml:10:12
        error: the echo of this line has the pattern in `own_prompt`
          --> x.yaml:12:8
        error: `settle`: `20` has no unit: write `20s`, `20ms` or `20m`
          --> x.yaml:13:9
        error: a platform has no key `pager`
          --> x.yaml:16:1
        error: this is no pattern: unclosed group
          --> x.yaml:17:10"#]]
    .assert_eq(&sentences.join("\n"));
}
