//! What templates give, and what they need.

use super::{evaluate, placed, render, scope};
use crate::base::Data;
use crate::base::place::{Place, Source};
use crate::eval::expression::Expression;
use crate::eval::template::Template;
use crate::eval::value::Value;
use crate::model::yaml::{Entry, Kind, Scalar, Yaml};
use serde_json::json;

pub(super) fn yaml(data: &Data) -> Yaml {
    let source = Source::new("job.yaml", data.to_string());
    let place = Place::new(&source, 0..0);
    let kind = match data {
        Data::Array(items) => Kind::List(items.iter().map(yaml).collect()),
        Data::Object(map) => {
            let entry = |(key, value): (&String, &Data)| Entry { key: placed(key), value: yaml(value) };
            Kind::Map(map.iter().map(entry).collect())
        }
        scalar => {
            let text = scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned);
            Kind::Scalar(Scalar { text, value: scalar.clone(), quoted: scalar.is_string() })
        }
    };
    Yaml { place, kind }
}

#[test]
fn a_scalar_that_is_one_expression_keeps_its_type() {
    for (written, rendered) in [
        (json!("{{ port }}"), json!(10)),
        (json!("{{- share -}}"), json!(1.5)),
        (json!(" {{ port }}"), json!(" 10")),
        (json!("{{ port }}{{ port }}"), json!("1010")),
        (json!("{{ up }}"), json!(true)),
        (json!("{{ nothing }}"), json!(null)),
        (json!("{{ ports }}"), json!([10, 20])),
        (json!("{{ ports[1:] }}"), json!([20])),
        (json!("{{ 'a' 'b' }}"), json!("ab")),
        (json!("{{ words | map('int') | list }}"), json!([10, 20])),
        (json!("plain"), json!("plain")),
        (json!(1.0), json!(1.0)),
        (json!({"{{ name }}": ["{{ port }}", "x", 3]}), json!({"r1": [10, "x", 3]})),
    ] {
        let value = Value::compile(&yaml(&written)).expect("a template");
        assert_eq!(value.render(&scope()).expect("data").to_string(), rendered.to_string(), "{written}");
    }
    assert_eq!(Value::compile(&yaml(&json!([1, {"a": "b"}]))).expect("data").constant(), Some(&json!([1, {"a": "b"}])));
}

#[test]
fn two_keys_that_come_out_the_same_are_refused() {
    let value = Value::compile(&yaml(&json!({"{{ name }}": 1, "r1": 2}))).expect("a template");
    assert_eq!(value.render(&scope()).map_err(|fault| fault.message), Err("the key `r1` comes out twice (job.yaml:1:1)".to_owned()));
}

#[test]
fn every_bad_text_of_a_value_is_reported() {
    let diagnostics = Value::compile(&yaml(&json!({"a": "{{ x | uper }}", "b": ["{% if %}"]}))).expect_err("bad");
    assert_eq!(diagnostics.len(), 2);
    assert_eq!(diagnostics[0].hints, ["did you mean `upper`?"]);
}

#[test]
fn what_people_know_from_jinja_works() {
    for (text, rendered) in [
        ("{% for p in ports %}{{ loop.index }}={{ p }};{% endfor %}", "1=10;2=20;"),
        ("{% for p in ports if p > 10 %}{{ p }}{% else %}none{% endfor %}", "20"),
        ("{% for p in ports %}{% if p == 10 %}{% continue %}{% endif %}{{ p }}{% endfor %}", "20"),
        ("{% set ns = namespace(n=0) %}{% for p in ports %}{% set ns.n = ns.n + p %}{% endfor %}{{ ns.n }}", "30"),
        ("{% macro line(a, b='x') %}{{ a }}-{{ b }}{% endmacro %}{{ line(1) }} {{ line(1, b=2) }}", "1-x 1-2"),
        ("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{% endcall %}", "<in>"),
        ("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}", "3"),
        ("{% filter upper %}abc{% endfilter %}", "ABC"),
        ("{% set x %}a{{ port }}{% endset %}{{ x }}", "a10"),
        ("{% for x in [[1, [[2, []]]]] recursive %}{{ x[0] }}({{ loop(x[1]) }}){% endfor %}", "1(2())"),
        ("{{ nope | default('d') }} {{ device.custom.x | d(3) }}", "d 3"),
        ("{{ 'a' if nope is defined else 'b' }}", "b"),
        ("{{ ('x' if port > 99) | default('y') }}", "y"),
        ("{{ name.upper() }} {{ 'a,b'.split(',') | join('+') }} {{ device.custom.items() | list | length }}", "R1 a+b 2"),
        ("{{ 'abc'[::-1] }} {{ 'abc'[1:] }} {{ ports[-1] }}", "cba bc 20"),
        ("{{ {'a': [1, '<']} | tojson }}", "{\"a\":[1,\"<\"]}"),
        ("{{ '%05d' | format(42) }} {{ ports | sum }} {{ ports | max }}", "00042 30 20"),
        ("{{ name ~ port ~ 1.0 }}", "r1101.0"),
        ("{{ device.custom.get('x', 5) }} {{ range(3) | list }}", "5 [0, 1, 2]"),
        ("{{ [{'a': 1}, {'a': 2}] | sum(attribute='a') }} {{ [{'a': 1}] | sum('a') }}", "3 1"),
        ("{% for k, g in [{'a': 1}, {'a': 1}] | groupby('a') %}{{ k }}:{{ g | length }}{% endfor %}", "1:2"),
        ("{{ [{'a': 1}, {'b': 2}] | selectattr('a', 'defined') | list | length }}", "1"),
        ("{{ [{'a': 1}, {'a': 5}] | selectattr('a', 'gt', 2) | map(attribute='a') | join(',') }}", "5"),
        ("{{ 3 is odd }} {{ 6 is divisibleby(3) }} {{ 'ab' is startingwith('a') }}", "True True True"),
        ("{{ [3, 1, 2] | sort }} {{ [{'n': 2}, {'n': 1}] | sort(attribute='n') | map(attribute='n') | list }}", "[1, 2, 3] [1, 2]"),
        (
            "{{ 'a-b'.replace('-', '+') }} {{ '%s { 65001/%d' | format('x', 24) }} {{ '{}:{} 65001'.format(1, 2) }}",
            "a+b x { 65001/24 1:2 65001",
        ),
        ("{{ 'x\ny' | indent(2) }}", "x\n  y"),
        ("a{# comment #}b{% raw %}{{ x }}{% endraw %}\n", "ab{{ x }}\n"),
        ("{% set a, b = (1, 2) %}{{ b }}", "2"),
        ("{{ 10 // 3 }} {{ 10 % 3 }} {{ 2 ** 10 }} {{ -port }} {{ 7 / 2 }}", "3 1 1024 -10 3.5"),
        ("{{ ports | map('string') | join(',') }} {{ [{'a': 1}] | map(attribute='a') | list }}", "10,20 [1]"),
    ] {
        assert_eq!(render(text), Ok(rendered.to_owned()), "{text}");
    }
}

#[test]
fn undefined_and_null_never_render() {
    for (text, sentence) in [
        ("x {{ nope }}", "`nope` is undefined (job.yaml:1:6)"),
        ("{{ device.custom.vlam }}", "`device.custom.vlam` is undefined (job.yaml:1:4)"),
        ("{{ device['custom'].x.y }}", "`device['custom'].x` is undefined (job.yaml:1:4)"),
        ("{{ [nope] }}", "`nope` is undefined (job.yaml:1:5)"),
        ("{{ {'a': nope} }}", "`nope` is undefined (job.yaml:1:10)"),
        ("{{ empty | first }}", "`empty | first` is undefined (job.yaml:1:4)"),
        ("{{ [{}] | map(attribute='x') | list }}", "`[{}] | map(attribute='x') | list` is undefined (job.yaml:1:4)"),
        ("{{ nope | upper }}", "`nope` is undefined (job.yaml:1:4)"),
        ("{{ nope ~ '' }}", "`nope` is undefined (job.yaml:1:4)"),
        ("{% if nope %}{% endif %}", "`nope` is undefined (job.yaml:1:7)"),
        ("{% for x in nope %}{% endfor %}", "`nope` is undefined (job.yaml:1:13)"),
        ("{{ ports[7] }}", "`ports[7]` is undefined (job.yaml:1:4)"),
        ("{{ range(nope) }}", "`nope` is undefined (job.yaml:1:10)"),
        ("{{ 'x' if false }}", "`'x' if false` has no value: its condition does not hold and it has no `else` (job.yaml:1:4)"),
        ("vlan {{ nothing }}", "`nothing` is null, which has no text; write `default('...', true)` if that is meant (job.yaml:1:9)"),
        ("{{ 'a' ~ nothing }}", "`nothing` is null, which has no text; write `default('...', true)` if that is meant (job.yaml:1:10)"),
        (
            "{{ [nothing] | join }}",
            "`[nothing] | join` is null, which has no text; write `default('...', true)` if that is meant (job.yaml:1:4)",
        ),
        ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "`a` is undefined (job.yaml:1:20)"),
        ("{{ range }}", "`range` is a function, not data (job.yaml:1:4)"),
        ("{{ name.nope() }}", "`name.nope()`: text has no method `nope` (job.yaml:1:4)"),
    ] {
        assert_eq!(render(text), Err(sentence.to_owned()), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_before_anything_runs() {
    for (text, message, place) in [
        ("x {{ a b }}", "unexpected identifier, expected end of variable block", "job.yaml:1:8"),
        ("{{ a | uper }}", "filter `uper` is unknown", "job.yaml:1:8"),
        ("{{ a is defind }}", "test `defind` is unknown", "job.yaml:1:9"),
        ("{{ rage(3) }}", "function `rage` is unknown", "job.yaml:1:4"),
        ("{{ debug() }}", "function `debug` is unknown", "job.yaml:1:4"),
        ("{% include 'x' %}", "`{% include %}` is not available here", "job.yaml:1:4"),
        ("{% block x %}{% endblock %}", "`{% block %}` is not available here", "job.yaml:1:4"),
        ("{{ self.x() }}", "blocks and template inheritance are not available", "job.yaml:1:4"),
        (
            "{% for x in a %}{% with b = 1 %}{% break %}{% endwith %}{% endfor %}",
            "`{% break %}` must stand in a loop, and in no other block within it but `if`",
            "job.yaml:1:36",
        ),
        (
            "{% for x in a %}{% else %}{% break %}{% endfor %}",
            "`{% break %}` must stand in a loop, and in no other block within it but `if`",
            "job.yaml:1:30",
        ),
        ("{{ x", "unexpected end of input, expected end of variable block", "job.yaml:1:4"),
    ] {
        let diagnostic = Template::compile(&placed(text)).expect_err(text);
        assert_eq!(diagnostic.message, message, "{text}");
        assert_eq!(diagnostic.place.map(|place| place.to_string()).as_deref(), Some(place), "{text}");
    }
    for text in ["", " ", "a {{ b }}", "{{ a }} {{ b }}", "{% if a %}b{% endif %}", "a b", "{{ a }} == 1"] {
        assert!(Expression::compile(&placed(text)).is_err(), "{text}");
    }
}

#[test]
fn names_from_outside_are_listed_with_their_places() {
    let text = "{{ device.custom.peers }} {{ x['y'].z | default(q) }} {% set a = 1 %}{{ a }} {% for i in list %}{{ i }}{{ loop.index }}{% endfor %}\
                {{ i }} {{ v6 is defined }} {{ range(n).k }} {{ m.items() }} {% macro f(p) %}{{ p }}{{ g }}{% endmacro %}{{ f(1) }} {{ loop.index }}";
    let template = Template::compile(&placed(text)).expect("a template");
    let names: Vec<_> = template.free_names().iter().map(|name| (name.path.as_str(), name.place.text(), name.optional)).collect();
    assert_eq!(
        names,
        [
            ("device.custom.peers", "device.custom.peers", false),
            ("x.y.z", "x['y'].z", true),
            ("q", "q", false),
            ("list", "list", false),
            ("i", "i", false),
            ("v6", "v6", true),
            ("n", "n", false),
            ("m", "m", false),
            ("g", "g", false),
            ("loop.index", "loop.index", false),
        ]
    );
    assert_eq!(template.free_names()[0].variable(), "device");
}

#[test]
fn answers_are_data_and_never_rendered() {
    assert_eq!(evaluate("'{{ ' ~ 'port }}'"), Ok(json!("{{ port }}")));
    assert_eq!(render("{{ '{{ port }}' }}"), Ok("{{ port }}".to_owned()));
}

#[test]
fn compiled_templates_may_be_shared_by_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Template>();
    shared::<Expression>();
    shared::<Value>();
}
