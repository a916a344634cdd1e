//! Templates and expressions from outside: what they give, what they refuse, and that nothing makes them hang or grow.

use crate::base::Data;
use crate::base::place::{Place, Placed, Source};
use crate::eval::expression::Expression;
use crate::eval::scope::{Layer, Scope};
use crate::eval::template::Template;
use crate::record::fault::FaultKind;
use proptest::prelude::{Strategy, proptest};
use serde_json::json;

mod assertions;

mod captures;

mod guarded;

mod hostile;

mod sources;

mod typed;

/// A text as the whole of a file.
fn placed(text: &str) -> Placed<String> {
    let source = Source::new("job.yaml", text);
    Placed::new(text.to_owned(), Place::new(&source, 0..text.len()))
}

fn scope() -> Scope {
    let variables = json!({
        "name": "r1", "port": 10, "share": 1.5, "up": true, "nothing": null, "ports": [10, 20], "words": ["10", "20"], "mixed": [1, "a"],
        "vlan": "9", "empty": [], "device": {"custom": {"peers": ["10.0.0.1"], "vlan": 7}, "tags": ["core"]},
    });
    Scope::new().over(Layer::from_data(variables.as_object().expect("a mapping")))
}

/// What a template renders to, or the sentence that says why not; with a leading `!` when it does not even compile.
fn render(text: &str) -> Result<String, String> {
    let template = Template::compile(&placed(text)).map_err(|diagnostic| format!("!{}", diagnostic.message))?;
    template.render(&scope()).map_err(|fault| {
        assert_eq!(fault.kind, FaultKind::Template);
        fault.message
    })
}

fn evaluate(text: &str) -> Result<Data, String> {
    let expression = Expression::compile(&placed(text)).map_err(|diagnostic| format!("!{}", diagnostic.message))?;
    expression.evaluate(&scope()).map_err(|fault| fault.message)
}

fn condition(text: &str) -> Result<bool, String> {
    let expression = Expression::compile(&placed(text)).map_err(|diagnostic| format!("!{}", diagnostic.message))?;
    expression.condition(&scope()).map_err(|fault| fault.message)
}

/// Runs something on a stack as small as a worker's.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(test).expect("a thread");
    thread.join().expect("no panic");
}

/// Bits of templates, set apart by semicolons.
const SCRAPS: &str = "{{ ; }} ; {% ; %} ; {# ; #} ; name ; port ; ports ; device ; . ; [ ; ] ; ( ; ) ; | ; 'a' ; 1 ; - ; ~ ; + ; == ; < ; in ; not ; if ; \
    else ; for x in ports ; endfor ; endif ; set x = 1 ; set y ; endset ; break ; continue ; is ; defined ; upper ; default ; loop ; \
    macro m(a) ; endmacro ; m(1) ; :: ; ::-1 ; , ; { ; } ; \n ; ä ; \\ ; \" ; raw ; endraw ; with a = 1 ; endwith ; ** ; first ; join ; \
    namespace() ; 9999999999999999999 ; do ; call m(1) ; endcall ; filter upper ; endfilter ; recursive";

/// Bits of templates, glued together at random.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = proptest::sample::select(SCRAPS.split(" ; ").collect::<Vec<_>>());
    proptest::collection::vec(scrap, 0..24).prop_map(|scraps| scraps.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_a_template_panic(text in scraps()) {
        drop(render(&text));
        drop(evaluate(&text));
        drop(condition(&text));
    }

    #[test]
    fn no_block_makes_a_template_panic(inside in scraps()) {
        drop(render(&format!("{{{{ {inside} }}}}")));
        drop(render(&format!("{{% for x in ports %}}{{% {inside} %}}{{% endfor %}}")));
    }

    #[test]
    fn a_text_without_braces_is_kept_as_it_is(text in "[^{]*") {
        assert_eq!(render(&text), Ok(text));
    }
}
