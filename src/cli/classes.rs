//! `runner classes`.

use crate::base::diagnostic::Diagnostic;
use crate::cli::inputs;
use crate::cli::output;
use crate::cli::world::World;
use crate::connect::class::ClassSpec;
use crate::connect::registry::Registry;
use crate::record::redact::Redactor;
use crate::record::verdict::ExitStatus;
use clap::Args;

/// Arguments of `runner classes`.
#[derive(Debug, Args)]
pub(super) struct Classes {
    /// Say everything about this class.
    #[arg(value_name = "CLASS")]
    pub(super) name: Option<String>,

    /// Print JSON instead of tables.
    #[arg(long)]
    pub(super) json: bool,
}

/// Lists the classes, or says everything about one.
pub(super) fn classes(arguments: &Classes, world: &World) -> ExitStatus {
    let registry = Registry::standard();
    let specs: Vec<&'static ClassSpec> = match &arguments.name {
        None => registry.classes().map(|class| class.spec()).collect(),
        Some(name) => match registry.class(name) {
            Ok(class) => vec![class.spec()],
            Err(error) => {
                inputs::complain(&[Diagnostic::unplaced(error.to_string()).did_you_mean(error.near())], &Redactor::default(), world);
                return ExitStatus::Usage;
            }
        },
    };
    match specs.as_slice() {
        _ if arguments.json => output::json(&specs.iter().map(|spec| data(spec)).collect()),
        [spec] if arguments.name.is_some() => output::data(&describe(spec)),
        all => {
            let row = |spec: &&ClassSpec| {
                let services: Vec<&str> = spec.services.iter().map(|service| service.name).collect();
                let lists = [spec.protocols, spec.requires, services.as_slice()].map(|list| output::cell(&list.join(", ")));
                std::iter::once(spec.name.to_owned()).chain(lists).chain([spec.summary.to_owned()]).collect()
            };
            let rows: Vec<Vec<String>> = all.iter().map(row).collect();
            output::data(&output::table(&["class", "protocols", "needs", "services", "what it is"], &rows));
        }
    }
    ExitStatus::Passed
}

fn describe(spec: &ClassSpec) -> String {
    let nothing = |list: &[&str]| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    let mut text = format!("class {}: {}\n", spec.name, spec.summary);
    text.push_str(&format!("  protocols: {}\n  needs: {}\n\n", nothing(spec.protocols), nothing(spec.requires)));
    text.push_str("services:\n");
    for service in spec.services {
        text.push_str(&format!("  {}\n      {}\n", service.name, service.summary));
        text.push_str(&format!("      a good answer is {}\n", service.default_check.sentence()));
    }
    text.push_str("\noptions:\n");
    for option in spec.options {
        text.push_str(&format!("  {}: {}\n      {}\n", option.name, option.kind.takes(), option.summary));
    }
    text
}

fn data(spec: &ClassSpec) -> serde_json::Value {
    let services = spec.services.iter().map(|service| {
        serde_json::json!({
            "name": service.name,
            "summary": service.summary,
            "changes": service.changes,
            "good_answer": service.default_check.sentence(),
        })
    });
    let options =
        spec.options.iter().map(|option| serde_json::json!({"name": option.name, "takes": option.kind.takes(), "summary": option.summary}));
    serde_json::json!({
        "name": spec.name,
        "summary": spec.summary,
        "protocols": spec.protocols,
        "requires": spec.requires,
        "services": services.collect::<Vec<_>>(),
        "options": options.collect::<Vec<_>>(),
    })
}
