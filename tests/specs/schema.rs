//! Reads an `OpenAPI` 2 or 3 description as far as our requests and fixtures need it.

use serde_json::Value;

/// A description.
pub(crate) struct Spec(Value);

impl Spec {
    pub(crate) fn new(json: Value) -> Self {
        Self(json)
    }

    /// The operation of a path, which may stand there with its parameters as `{name}`.
    pub(crate) fn operation(&self, path: &str, method: &str) -> Option<&Value> {
        let fits = |template: &str| {
            let (parts, wanted): (Vec<_>, Vec<_>) =
                (path.split('/').collect(), template.split('/').collect());
            let same = |(part, wanted): (&&str, &&str)| wanted.starts_with('{') || part == wanted;
            parts.len() == wanted.len() && parts.iter().zip(&wanted).all(same)
        };
        // A path without parameters is the more exact one.
        let mut found: Vec<_> = self.0["paths"].as_object()?.iter().filter(|(path, _)| fits(path)).collect();
        found.sort_by_key(|(path, _)| path.matches('{').count());
        found.first().and_then(|(_, operations)| operations.get(method))
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|to| self.0.pointer(to.strip_prefix('#')?)) {
            Some(found) => self.resolve(found),
            None => value,
        }
    }

    /// What of a query the operation does not take.
    pub(crate) fn check_query(&self, operation: &Value, query: &str) -> Vec<String> {
        let none = Vec::new();
        let declared = operation["parameters"].as_array().unwrap_or(&none);
        let declared: Vec<&Value> =
            declared.iter().map(|one| self.resolve(one)).filter(|one| one["in"] == "query").collect();
        let mut problems = Vec::new();
        let pairs: Vec<(&str, &str)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .collect();
        for (key, value) in &pairs {
            match declared.iter().find(|one| one["name"] == *key) {
                None => problems.push(format!("it does not take `{key}`")),
                Some(one) => {
                    // Swagger 2 has the type in the parameter itself.
                    let schema = if one["schema"].is_null() { one } else { self.resolve(&one["schema"]) };
                    let schema =
                        if schema["type"] == "array" { self.resolve(&schema["items"]) } else { schema };
                    // A text or a number, where either may stand.
                    let forms = [Value::String((*value).to_owned()), read_as(value)];
                    let found = forms.map(|value| {
                        let mut found = Vec::new();
                        self.check(schema, &value, &format!("`{key}`"), &mut found);
                        found
                    });
                    problems.extend(found.into_iter().min_by_key(Vec::len).unwrap_or_default());
                }
            }
        }
        let missing = declared.iter().filter(|one| one["required"] == true);
        let missing = missing.filter(|one| !pairs.iter().any(|(key, _)| one["name"] == *key));
        problems.extend(missing.map(|one| format!("`{}` is missing", one["name"])));
        problems
    }

    /// How an answer differs from what the operation says.
    pub(crate) fn check_answer(&self, operation: &Value, status: u64, body: &Value) -> Vec<String> {
        let answers = &operation["responses"];
        let said = [&answers[status.to_string()], &answers["default"]].into_iter().find(|one| !one.is_null());
        let Some(said) = said.map(|said| self.resolve(said)) else {
            // A private repository answers 404 to anything; a log is a redirect to a text.
            return if status == 404 || !answers["302"].is_null() {
                Vec::new()
            } else {
                vec![format!("it does not answer {status}")]
            };
        };
        let content = said["content"].as_object().and_then(|media| media.values().next());
        let schema = content.map_or(&said["schema"], |media| &media["schema"]);
        let mut problems = Vec::new();
        self.check(schema, body, "answer", &mut problems);
        problems
    }

    /// How the body of a request differs from what the operation takes: JSON, or the fields of a form.
    pub(crate) fn check_body(&self, operation: &Value, body: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        let json = &self.resolve(&operation["requestBody"])["content"]["application/json"]["schema"];
        if json.is_object() {
            self.check(json, body, "body", &mut problems);
            return problems;
        }
        let none = Vec::new();
        let declared = operation["parameters"].as_array().unwrap_or(&none);
        let declared: Vec<&Value> = declared.iter().filter(|one| one["in"] == "formData").collect();
        for (name, value) in body.as_object().into_iter().flatten() {
            match declared.iter().find(|one| one["name"] == **name) {
                Some(one) => self.check(one, value, &format!("`{name}`"), &mut problems),
                None => problems.push(format!("it does not take `{name}`")),
            }
        }
        let missing = declared.iter().filter(|one| one["required"] == true);
        let missing = missing.filter(|one| body.get(one["name"].as_str().unwrap_or_default()).is_none());
        problems.extend(missing.map(|one| format!("`{}` is missing", one["name"])));
        problems
    }

    /// How a value differs from what a project-authored description says of this name.
    pub(crate) fn check_named(&self, name: &str, value: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        let schema = &self.0["$defs"][name];
        assert!(schema.is_object(), "nothing is called {name}");
        self.check(schema, value, name, &mut problems);
        problems
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        let schema = self.resolve(schema);
        let nullable = schema["nullable"] == true || schema["x-nullable"] == true;
        if value.is_null() && nullable {
            return;
        }
        for one in schema["allOf"].as_array().into_iter().flatten() {
            self.check(one, value, at, problems);
        }
        for word in ["oneOf", "anyOf"] {
            let Some(choices) = schema[word].as_array() else { continue };
            let fits = choices.iter().any(|one| {
                let mut found = Vec::new();
                self.check(one, value, at, &mut found);
                found.is_empty()
            });
            if !fits {
                problems.push(format!("{at}: none of its forms"));
            }
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        if !types.is_empty() && !types.iter().any(|word| is_of(value, word)) {
            problems.push(format!(
                "{at}: {value:.60} is no {}",
                types.join(" or "),
                value = value.to_string()
            ));
            return;
        }
        if let Some(choices) = schema["enum"].as_array()
            && !choices.contains(value)
        {
            problems.push(format!("{at}: {value} is none of its values"));
        }
        if !schema["const"].is_null() && schema["const"] != *value {
            problems.push(format!("{at}: {value} is not {}", schema["const"]));
        }
        let length = |text: &str| text.chars().count() as u64;
        if let (Some(most), Some(text)) = (schema["maxLength"].as_u64(), value.as_str())
            && length(text) > most
        {
            problems.push(format!("{at}: longer than {most}"));
        }
        if let (Some(least), Some(items)) = (schema["minItems"].as_u64(), value.as_array())
            && (items.len() as u64) < least
        {
            problems.push(format!("{at}: fewer than {least}"));
        }
        if let (Some(most), Some(number)) = (schema["maximum"].as_f64(), value.as_f64())
            && number > most
        {
            problems.push(format!("{at}: {number} is over {most}"));
        }
        if let (Some("date-time"), Some(text)) = (schema["format"].as_str(), value.as_str())
            && text.parse::<jiff::Timestamp>().is_err()
        {
            problems.push(format!("{at}: {text} is no time"));
        }
        if let Some(members) = value.as_object() {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for name in required.filter(|name| !members.contains_key(*name) && !is_newer(name)) {
                problems.push(format!("{at}: `{name}` is missing"));
            }
            for (name, member) in members {
                if let Some(schema) = schema["properties"].get(name) {
                    self.check(schema, member, &format!("{at}.{name}"), problems);
                } else if schema["additionalProperties"].is_object() {
                    self.check(&schema["additionalProperties"], member, &format!("{at}.{name}"), problems);
                }
            }
        }
        if schema["items"].is_object() {
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                self.check(&schema["items"], item, &format!("{at}[{index}]"), problems);
            }
        }
    }
}

/// Members that servers older than the description do not send.
fn is_newer(name: &str) -> bool {
    // Alertmanager: mutedBy since 0.28, annotations of silences since 0.34.
    ["mutedBy", "annotations", "routeLabels"].contains(&name)
}

fn is_of(value: &Value, word: &str) -> bool {
    match word {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// A number or a truth, if a text is one.
fn read_as(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
