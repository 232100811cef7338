//! The JSON schema of a configuration, from the types that read it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::credentials::Written as Credential;
use super::destinations::Written as Destination;
use super::diagnostics::Written as Diagnostic;
use super::endpoint::Keys;
use super::environment::Environment;
use super::formats::Written as Format;
use super::runbooks::Written as Runbooks;
use super::services::{Host, Service};
use super::settings::Written;
use super::sources::{Kind, Shared};
use super::team::Written as Team;
use super::theme::{BUILT_IN, Meaning};
use super::tunnels::Written as Tunnel;

/// The schema of a whole configuration with these kinds of source.
pub fn document(kinds: &[Kind]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut properties = object_of(&mut Written::json_schema(&mut generator), "properties");
    let styles: Map<String, Value> = Meaning::ALL
        .iter()
        .map(|meaning| {
            let note = "A style: colours and attributes, such as `bold #ff8800 on 17`.";
            (
                meaning.name().to_owned(),
                json!({ "type": "string", "description": format!("{} {note}", meaning.help()) }),
            )
        })
        .collect();
    let theme = json!({ "type": "string", "description": "A theme by its name.", "examples": BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>() });
    let parts = [
        (
            "include",
            json!({ "type": "array", "items": { "type": "string" }, "description": "Other files, by patterns relative to this one." }),
        ),
        (
            "theme",
            json!({ "anyOf": [theme, {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "name": theme,
                    "override": { "type": "object", "additionalProperties": false, "properties": styles },
                },
            }]}),
        ),
        (
            "keys",
            json!({
                "type": "object",
                "description": "For each context, the keys of its commands.",
                "additionalProperties": { "type": "object" },
            }),
        ),
        (
            "source",
            list_of(
                &json!({ "oneOf": kinds.iter().map(|kind| source(kind, &mut generator)).collect::<Vec<_>>() }),
            ),
        ),
        ("environment", list_of(generator.subschema_for::<Environment>().as_value())),
        ("credential", list_of(Credential::json_schema(&mut generator).as_value())),
        ("tunnel", list_of(Tunnel::json_schema(&mut generator).as_value())),
        ("format", list_of(Format::json_schema(&mut generator).as_value())),
        ("service", list_of(generator.subschema_for::<Service>().as_value())),
        ("host", list_of(generator.subschema_for::<Host>().as_value())),
        ("runbooks", runbooks(&mut generator)),
        ("diagnostic", list_of(Diagnostic::json_schema(&mut generator).as_value())),
        ("destination", list_of(&destination(&mut generator))),
        ("team", Team::json_schema(&mut generator).to_value()),
    ];
    properties.extend(parts.map(|(name, schema)| (name.to_owned(), schema)));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "midwatch configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": generator.take_definitions(true),
    })
}

/// `[runbooks]` with its sites, which have the keys of an endpoint.
fn runbooks(generator: &mut SchemaGenerator) -> Value {
    let mut schema = Runbooks::json_schema(generator);
    let mut properties = object_of(&mut schema, "properties");
    properties.insert("site".to_owned(), list_of(Keys::json_schema(generator).as_value()));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.to_value()
}

/// `[[destination]]`, which has the keys of an endpoint beside its own.
fn destination(generator: &mut SchemaGenerator) -> Value {
    let mut schema = Destination::json_schema(generator);
    let mut properties = object_of(&mut schema, "properties");
    properties.extend(object_of(&mut Keys::json_schema(generator), "properties"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.to_value()
}

fn list_of(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn object_of(schema: &mut Schema, key: &str) -> Map<String, Value> {
    match schema.remove(key) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// One kind's table: the keys of every source and its own.
fn source(kind: &Kind, generator: &mut SchemaGenerator) -> Value {
    let mut shared = Shared::json_schema(generator);
    let mut own = kind.schema(generator);
    let mut properties = object_of(&mut shared, "properties");
    if kind.is_networked() {
        properties.extend(object_of(&mut Keys::json_schema(generator), "properties"));
    }
    properties.extend(object_of(&mut own, "properties"));
    properties.insert("kind".to_owned(), json!({ "const": kind.name }));
    let mut required = Vec::new();
    for schema in [&shared, &own] {
        required.extend(schema.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
    }
    own.insert("title".to_owned(), json!(kind.name));
    own.insert("type".to_owned(), json!("object"));
    own.insert("additionalProperties".to_owned(), json!(false));
    own.insert("properties".to_owned(), Value::Object(properties));
    own.insert("required".to_owned(), Value::Array(required));
    own.to_value()
}
