//! `matrix`, `exclude` and `requires` of a test.

use super::{load, messages};
use crate::base::diagnostic::Colour;
use crate::model::yaml::Kind;
use expect_test::expect_file;

/// The complaints about a test with these keys.
fn about(keys: &str) -> Vec<String> {
    messages(&format!("job: j\ntests: [{{name: t, {keys}, steps: [{{shell: x}}]}}]"))
}

#[test]
fn a_matrix_keeps_its_axes_in_order_and_what_it_leaves_out() {
    let keys = "matrix: {b: [1, two, {name: x}], a: '{{ device.tags }}'}, exclude: [{b: 1}, {a: x, b: two}], requires: [bfd, mpls]";
    let job = load(&format!("job: j\ntests: [{{name: t, {keys}, steps: [{{shell: x}}]}}]")).value.expect("a job");
    let test = &job.tests[0];
    let matrix = test.matrix.as_ref().expect("a matrix");
    let names: Vec<&str> = matrix.axes.iter().map(|axis| axis.name.value.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert!(matches!(&matrix.axes[0].values.kind, Kind::List(values) if values.len() == 3));
    assert_eq!(matrix.axes[1].values.text(), Some("{{ device.tags }}"));
    assert_eq!(matrix.exclude.iter().map(|exclude| exclude.values.len()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(test.requires.iter().map(|feature| feature.value.as_str()).collect::<Vec<_>>(), ["bfd", "mpls"]);
}

#[test]
fn a_matrix_that_cannot_be_one_is_refused() {
    for (keys, said) in [
        ("matrix: {}", "`matrix` is an empty mapping, which has no axis"),
        ("matrix: [a]", "`matrix` wants a mapping, found a list"),
        ("matrix: null", "`matrix` wants a mapping, found nothing"),
        ("matrix: {a: []}", "axis `a` is an empty list, which would make no test case"),
        ("matrix: {a: x}", "axis `a` wants a list or one `{{ expression }}`, found text"),
        ("matrix: {a: 1}", "axis `a` wants a list or one `{{ expression }}`, found a number"),
        ("matrix: {a: null}", "axis `a` wants a list or one `{{ expression }}`, found nothing"),
        ("matrix: {a: {b: 1}}", "axis `a` wants a list or one `{{ expression }}`, found a mapping"),
        ("matrix: {device: [1]}", "`device` is reserved: it cannot be the name of an axis"),
        ("matrix: {item: [1]}", "`item` is reserved: it cannot be the name of an axis"),
        ("matrix: {not: [1]}", "`not` is a word of expressions: it cannot be the name of an axis"),
        ("matrix: {a-b: [1]}", "`a-b` cannot be the name of an axis"),
        ("matrix: {a: [1], exclude: [{a: 1}]}", "an axis cannot have the name `exclude`"),
        ("matrix: {a: [1], include: [{a: 1}]}", "an axis cannot have the name `include`"),
        ("matrix: {a: [1], a: [2]}", "`a` stands here a second time"),
        ("matrix: {a: [17.10, 17.9]}", "`17.10` is the number 17.1 here"),
        ("matrix: {a: [{v: [1.0, 17.10]}]}", "`17.10` is the number 17.1 here"),
        ("matrix: {v: [17.1]}, exclude: [{v: 17.10}]", "`17.10` is the number 17.1 here"),
        ("exclude: [{a: 1}]", "`exclude` has nothing to leave out without `matrix`"),
        ("matrix: {a: [1]}, exclude: []", "`exclude` is an empty list"),
        ("matrix: {a: [1]}, exclude: {a: 1}", "`exclude` wants a list, found a mapping"),
        ("matrix: {a: [1]}, exclude: [1]", "`exclude` wants mappings of axes and their values, found a number"),
        ("matrix: {a: [1]}, exclude: [{}]", "this is an empty mapping, which would leave out everything"),
        ("matrix: {peer: [1]}, exclude: [{pear: 1}]", "the matrix has no axis `pear`"),
        ("requires: []", "`requires` is an empty list"),
        ("requires: {bfd: true}", "`requires` wants text or a list of texts, found a mapping"),
    ] {
        assert_eq!(about(keys), [said], "{keys}");
    }
    let axes = |count: usize| (0..count).map(|axis| format!("a{axis}: [1]")).collect::<Vec<_>>().join(", ");
    assert_eq!(about(&format!("matrix: {{{}}}", axes(20))), [""; 0]);
    assert_eq!(about(&format!("matrix: {{{}}}", axes(21))), ["a matrix has at most 20 axes, this one has 21"]);
}

#[test]
fn complaints_about_a_matrix_show_their_place_and_what_may_be_meant() {
    let loaded = load(include_str!("../../pinned/matrix_mistakes.yaml"));
    assert!(loaded.value.is_none());
    let said: String = loaded.diagnostics.iter().map(|diagnostic| diagnostic.render(Colour::Plain)).collect();
    expect_file!["../../pinned/matrix_mistakes.txt"].assert_eq(&said);
}
