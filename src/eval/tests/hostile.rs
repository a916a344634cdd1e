//! Templates that would hang, grow or overflow.

use super::{condition, evaluate, on_a_small_stack, render};

/// Statements that double a variable, often.
fn repeated(start: &str, again: &str, end: &str) -> String {
    format!("{start}{}{end}", again.repeat(45))
}

#[test]
fn endless_work_ends_with_an_error() {
    let loops = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    assert_eq!(render(loops), Err("the template takes too many steps; does every loop end? (job.yaml:1:41)".to_owned()));
    for text in [
        "{{ range(10000000000) | list }}".to_owned(),
        "{{ range(1, 0, -9223372036854775807 - 1) }}".to_owned(),
        "{{ range(9223372036854775807, -5, -1) }}".to_owned(),
        "{% for i in range(90000) %}{{ range(90000) | list | length }}{% endfor %}".to_owned(),
        "{% for i in range(90000) %}{{ 5 in range(90000) | list | reverse }}{% endfor %}".to_owned(),
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned(),
        "{% macro m(x) %}{{ m([x, x]) }}{% endmacro %}{{ m(1) }}".to_owned(),
        "{{ 9 ** 9 ** 9 ** 9 }}".to_owned(),
    ] {
        assert!(render(&text).is_err(), "{text}");
    }
}

#[test]
fn huge_texts_and_values_end_with_an_error() {
    for text in [
        "{{ 'a' * 1000000000 }}".to_owned(),
        "{{ ('a' * 90000000) | length }}{{ ('a' * 90000000) | length }}{{ ('a' * 90000000) | length }}{{ ('a' * 90000000) | length }}".to_owned(),
        "{{ ([1] * 90000000) * 9 }}".to_owned(),
        "{% for i in range(100000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}".to_owned(),
        repeated("{% set x = 'ab' %}", "{% set x = x ~ x %}", "{{ x }}"),
        repeated("{% set x = 'ab' %}", "{% set x = x + x %}", "{{ x }}"),
        repeated("{% set x = 'ab' %}", "{% set x %}{{ x }}{{ x }}{% endset %}", "{{ x }}"),
        repeated("{% set x = 'ab' %}", "{% set x = x.replace('a', x) %}", "{{ x }}"),
        repeated("{% set x = 'ab' %}", "{% set x = x | replace('a', x) %}", "{{ x }}"),
        repeated("{% set x = 'ab' %}", "{% set x = x.join([x, x, x]) %}", "{{ x }}"),
        repeated("{% set x = 'ab' %}", "{% set x = [x, x] | join(x) %}", "{{ x }}"),
        repeated("{% set x = [1] %}", "{% set x = [x, x] %}", "{{ x }}"),
        repeated("{% set x = [1] %}", "{% set x = x + x %}", "{{ x | length }}"),
        repeated("{% set x = [1] %}", "{% set x = {'a': x, 'b': x} %}", "{{ x == x }}"),
        repeated("{% set x = [1] %}", "{% set x = x | zip(x) | list %}", "{{ x }}"),
        repeated("{% set n = namespace(x=[1]) %}", "{% set n.x = [n.x, n.x] %}", "{{ n.x }}"),
        "{{ '%999999999s' | format('a') }}".to_owned(),
        "{{ '%(a)999999999s' | format(a='a') }}".to_owned(),
        "{{ '%*d' | format(999999999, 1) }}".to_owned(),
        "{{ '{:>999999999}'.format('a') }}".to_owned(),
        "{{ '{:{}}'.format('a', 999999999) }}".to_owned(),
        "{{ '{:}}9999999999}'.format('a') }}".to_owned(),
        "{{ '{:{{9999999999}'.format('a') }}".to_owned(),
        "{{ '{:{{>9999999999}'.format('a') }}".to_owned(),
        "{{ '{:}}>9999999999}'.format('a') }}".to_owned(),
        "{{ 'a' | indent(999999999, true) }}".to_owned(),
        "{{ [1] | batch(999999999, 0) | list }}".to_owned(),
    ] {
        let rendered = render(&text);
        assert!(rendered.is_err(), "{text}: {:?}", rendered.map(|text| text.len()));
    }
}

#[test]
fn a_namespace_never_holds_itself() {
    let text = "{% set n = namespace() %}{% set n.a = 1 %}{% set n.self = n %}{% set n.self = [n] %}{{ n.self | tojson }}";
    assert_eq!(render(text), Ok("[{\"a\":1,\"self\":{\"a\":1}}]".to_owned()));
}

#[test]
fn what_the_engine_cannot_take_is_refused() {
    for text in [
        "{{ 'abc'[0:2:-1] }}",
        "{{ [1, 2][2:0:-1] }}",
        "{{ 'abc'[::-9223372036854775807] }}",
        "{{ 'abc'[::0] }}",
        "{{ none[1:] }}",
        "{{ 1[1:] }}",
        "{{ 1 / 0 }}",
        "{{ 1 % 0 }}",
        "{{ 1e308 * 1e308 == 1e308 * 1e308 - 1e308 * 1e308 }}",
    ] {
        assert!(render(text).is_err(), "{text}");
    }
    assert!(evaluate("1e308 * 10").is_err());
}

#[test]
fn deep_nesting_is_refused_and_what_is_accepted_fits_a_small_stack() {
    let nested = |open: &str, inside: &str, close: &str, levels: usize| format!("{}{inside}{}", open.repeat(levels), close.repeat(levels));
    let cases = [
        ("{{ ", "(", "1", ")", " }}"),
        ("{{ ", "[", "1", "]", " }}"),
        ("{{ ", "{'a':", "1", "}", " }}"),
        ("{{ ", "1 + ", "1", "", " }}"),
        ("{{ ", "", "name", " | upper", " }}"),
        ("{{ ", "", "name", ".upper()", " }}"),
        ("{{ ", "", "device", ".custom", " }}"),
        ("{{ ", "", "ports", "[0]", " }}"),
        ("{{ ", "not ", "up", "", " }}"),
        ("{{ ", "- ", "1", "", " }}"),
        ("{{ ", "1 if up else ", "1", "", " }}"),
        ("{{ ", "up and ", "up", "", " }}"),
        ("{{ ", "2 ** ", "1", "", " }}"),
        ("{{ ", "port == ", "port", "", " }}"),
        ("{{ ", "range(", "1", ")", " }}"),
        ("", "{% if up %}", "x", "{% endif %}", ""),
        ("{% if up %}", "{% elif up %}", "x", "", "{% endif %}"),
        ("", "{% for a in ports %}", "x", "{% endfor %}", ""),
        ("", "{% set x %}", "x", "{% endset %}", ""),
        ("", "{% macro m() %}", "x", "{% endmacro %}", ""),
        ("", "{% filter upper %}", "x", "{% endfilter %}", ""),
        ("", "{% with %}", "x", "{% endwith %}", ""),
    ];
    on_a_small_stack(move || {
        for (before, open, inside, close, after) in cases {
            for levels in [1, 8, 15, 16, 23, 24, 25, 31, 32, 62, 63, 64, 65, 80] {
                let text = format!("{before}{}{after}", nested(open, inside, close, levels));
                drop(render(&text));
                drop(condition(&text));
            }
            let text = format!("{before}{}{after}", nested(open, inside, close, 20_000));
            assert!(render(&text).is_err_and(|sentence| sentence.starts_with('!')), "{open}{inside}{close}");
        }
    });
}

#[test]
fn the_deepest_accepted_template_fits_a_small_stack() {
    let expression = |levels| format!("{}1{}", "(1 + 1 + 1 + ".repeat(levels), ")".repeat(levels));
    let text = format!("{}{{{{ {} }}}}{}", "{% if up %}".repeat(24), expression(15), "{% endif %}".repeat(24));
    let recursion = format!("{{% macro m(n) %}}{{{{ m(n - 1) if n > 0 else {} }}}}{{% endmacro %}}", expression(13));
    on_a_small_stack(move || {
        assert_eq!(render(&text), Ok("46".to_owned()));
        assert_eq!(render(&format!("{recursion}{{{{ m(9) }}}}")), Ok("40".to_owned()));
        for depth in 10..40 {
            drop(render(&format!("{recursion}{{{{ m({depth}) }}}}")));
        }
        assert!(render(&format!("{recursion}{{{{ m(40) }}}}")).is_err_and(|sentence| sentence.contains("recursion limit")));
    });
}

#[test]
fn sentences_show_no_variables() {
    let secret = "hunter2";
    let text = format!("{{% set token = '{secret}' %}}\n{{% if token %}}{{{{ nope }}}}{{% endif %}}");
    let sentence = render(&text).expect_err("undefined");
    assert!(!sentence.contains(secret), "{sentence}");
}
