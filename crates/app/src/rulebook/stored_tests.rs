use super::*;

const MAP: &str = "format = 1\nname = \"a\"\n[left]\nnode = \"l\"\nscope = { repo = \"o/r\" }\nscript = \"a.left.js\"\n\
                   [right]\nnode = \"r\"\nscope = { project = \"P\" }\n[fields.summary]\nleft = \"summary\"\nright = \"summary\"\n";

fn snapshot() -> Snapshot {
    Snapshot {
        sources: RuleSources {
            map: SourceFile::new("a.toml", MAP),
            scripts: Sides {
                left: Some(SourceFile::new(
                    "a.left.js",
                    "export function outgoing() {}",
                )),
                right: None,
            },
        },
        descriptions: Sides::default(),
    }
}

#[test]
fn a_version_comes_back_as_it_was_stored() {
    let sources = to_sources(&snapshot());
    assert_eq!(sources.len(), 3);
    assert_eq!(from_sources(&sources), Ok(snapshot()));
}

#[test]
fn what_is_missing_is_named() {
    let mut sources = to_sources(&snapshot());
    sources.remove("a.left.js");
    assert_eq!(
        from_sources(&sources),
        Err("a.toml: the left script 'a.left.js' is missing".to_owned())
    );
    sources.remove("a.toml");
    assert_eq!(
        from_sources(&sources),
        Err("a version has exactly one rules file".to_owned())
    );
}
