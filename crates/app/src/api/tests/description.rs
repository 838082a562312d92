//! The description against what is written down and against what the command line asks.

use super::*;
use std::path::Path;

/// After a change that is meant: look at what the failed test has written, and copy it.
#[test]
fn the_description_is_the_one_that_is_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let fresh = openapi::document().to_pretty_json().unwrap() + "\n";
    let written = std::fs::read_to_string(root.join("docs/specs/openapi.json")).unwrap_or_default();
    if fresh != written {
        let file = root.join("target/openapi.json");
        std::fs::create_dir_all(root.join("target")).unwrap();
        std::fs::write(&file, &fresh).unwrap();
        panic!(
            "docs/specs/openapi.json is not what is served; the new one is in {}",
            file.display()
        );
    }
}

#[tokio::test]
async fn it_is_served_and_complete() {
    let served = served().await;
    let served = served.get("/openapi.json").await.json();
    assert_eq!(
        served["openapi"].as_str().unwrap().split('.').next(),
        Some("3")
    );
    assert_eq!(
        served["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
    let text = served.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            served["components"]["schemas"][name].is_object(),
            "{name} is not described"
        );
    }
    for (path, item) in served["paths"].as_object().unwrap() {
        let parameters = path.matches('{').count();
        for operation in item.as_object().unwrap().values() {
            assert!(operation["summary"].is_string(), "{path}");
            let named = operation["parameters"].as_array().map_or(0, |all| {
                all.iter().filter(|one| one["in"] == "path").count()
            });
            assert_eq!(named, parameters, "{path}");
        }
    }
}

#[test]
fn the_module_page_names_every_path() {
    let page = include_str!("../mod.rs");
    let document = serde_json::to_value(openapi::document()).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        let last = path
            .rsplit('/')
            .find(|part| !part.starts_with('{'))
            .unwrap();
        assert!(
            page.lines()
                .any(|line| line.starts_with("//!") && line.contains(last)),
            "{path}"
        );
    }
}

#[test]
fn every_post_takes_an_idempotency_key_and_every_answer_has_a_shape() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        if let Some(post) = item.get("post") {
            let parameters = post["parameters"].as_array().unwrap();
            let mut names = parameters.iter().map(|one| &one["name"]);
            assert!(names.any(|name| name == "Idempotency-Key"), "{path}");
        }
        for (verb, operation) in item.as_object().unwrap() {
            let answers = operation["responses"]["200"]["content"].as_object();
            let answers = answers.unwrap_or_else(|| panic!("{verb} {path} answers nothing"));
            for (kind, answer) in answers {
                // The exposition is text, and the description describes itself.
                let free = kind == "application/openmetrics-text" || path == "/openapi.json";
                let schema = &answer["schema"];
                assert!(
                    free || schema["$ref"].is_string(),
                    "{verb} {path}: {schema}"
                );
            }
        }
    }
}
