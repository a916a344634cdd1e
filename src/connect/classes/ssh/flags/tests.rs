use super::*;
use expect_test::expect;

#[test]
fn the_flags_of_testbeds_are_understood() {
    let plain = SshOptions::default;
    let kex = |list: &str| Algorithms { kex: Some(list.to_owned()), ..Algorithms::default() };
    let text = |text: &str| Some(text.to_owned());
    for (flags, options) in [
        ("", plain()),
        ("-o StrictHostKeyChecking=no", SshOptions { host_keys: Some(HostKeyPolicy::Off), ..plain() }),
        ("-oStrictHostKeyChecking=yes", SshOptions { host_keys: Some(HostKeyPolicy::Strict), ..plain() }),
        ("-o 'stricthostkeychecking accept-new'", SshOptions { host_keys: Some(HostKeyPolicy::AcceptNew), ..plain() }),
        ("-o UserKnownHostsFile=/dev/null", SshOptions { known_hosts: text("/dev/null"), ..plain() }),
        ("-p 2222 -i ~/.ssh/lab", SshOptions { port: Some(2222), key_file: text("~/.ssh/lab"), ..plain() }),
        ("-l admin -o ConnectTimeout=9", SshOptions { user: text("admin"), connect_timeout: Some(Duration::from_secs(9)), ..plain() }),
        ("-o User=a -o ConnectTimeout=none", SshOptions { user: text("a"), ..plain() }),
        ("-oKexAlgorithms=+diffie-hellman-group14-sha1", SshOptions { algorithms: kex("+diffie-hellman-group14-sha1"), ..plain() }),
        (
            "-oHostKeyAlgorithms=+ssh-rsa -c aes128-cbc -m hmac-sha1 -oPubkeyAcceptedAlgorithms=+ssh-rsa -p50225",
            SshOptions {
                port: Some(50225),
                algorithms: Algorithms { host_keys: text("+ssh-rsa"), ciphers: text("aes128-cbc"), macs: text("hmac-sha1"), kex: None },
                ..plain()
            },
        ),
        (
            "-4tt -vp 22 -o LogLevel=ERROR -E log",
            SshOptions {
                port: Some(22),
                unheeded: ["-4", "-t", "-t", "-v", "-o LogLevel=ERROR", "-E log"].map(str::to_owned).into(),
                ..plain()
            },
        ),
    ] {
        assert_eq!(parse_ssh_options(flags), Ok(options), "{flags}");
    }
}

#[test]
fn what_is_not_understood_is_named() {
    let all: Vec<String> = [
        "host",
        "-",
        "-o",
        "-o Foo",
        "-o UserKnownHostFile=x",
        "-o ProxyCommand=nc",
        "-J jump",
        "-F config",
        "-Z",
        "-p 0",
        "-p ssh",
        "-o StrictHostKeyChecking=ask",
        "-o ConnectTimeout=soon",
        "-i 'a",
    ]
    .into_iter()
    .map(|flags| format!("{flags}: {}", parse_ssh_options(flags).expect_err(flags)))
    .collect();
    expect![[r#"
        host: `host` in `ssh_options` is not understood: only flags are, such as `-o NAME=VALUE`
        -: `-` in `ssh_options` is not understood: only flags are, such as `-o NAME=VALUE`
        -o: `-o` in `ssh_options` has no value
        -o Foo: `-o Foo` in `ssh_options` has no value: write `-o NAME=VALUE`
        -o UserKnownHostFile=x: the option `UserKnownHostFile` in `ssh_options` is not understood, did you mean `UserKnownHostsFile`
        -o ProxyCommand=nc: the option `ProxyCommand` in `ssh_options` is not supported by this version
        -J jump: `-J`, a jump host, in `ssh_options` is not supported by this version
        -F config: `-F`, a configuration file, in `ssh_options` is not supported by this version
        -Z: `-Z` in `ssh_options` is not a flag of OpenSSH's `ssh`
        -p 0: `0` in `ssh_options` is not a port: wanted a number from 1 to 65535
        -p ssh: `ssh` in `ssh_options` is not a port: wanted a number from 1 to 65535
        -o StrictHostKeyChecking=ask: `StrictHostKeyChecking=ask` in `ssh_options` is not understood: wanted `yes`, `no`, `accept-new` or `off`
        -o ConnectTimeout=soon: `ConnectTimeout=soon` in `ssh_options` is not understood: wanted a number of seconds
        -i 'a: a quote in `ssh_options` is not closed"#]].assert_eq(&all.join("\n"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(flags in ".{0,80}") {
        let _ = parse_ssh_options(&flags);
    }
}
