use super::*;

/// One vector at least a row.
#[test]
fn every_row_changes_a_name_of_a_vector() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/function-names");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            names.extend(file["cases"].as_array().unwrap().iter().map(|case| case["input"].clone()));
        }
    }
    for row in NAMES {
        let part = if row.part == Function { "function" } else { "module" };
        let changed = names.iter().any(|name| {
            let ours = row.languages.contains(&Language::of(name["platform"].as_str().unwrap()));
            ours && name[part].as_str().is_some_and(|text| (row.apply)(text).is_some_and(|after| after != text))
        });
        assert!(changed, "no vector for the row {}", row.name);
    }
}

/// Brackets without end, deep nesting, cut characters: an answer in time, whatever the platform.
#[test]
fn hostile_names_are_survived() {
    let pieces = [
        "<",
        ">",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "::",
        ".",
        "$",
        "$$Lambda",
        "lambda$",
        "{{closure}}",
        " in ",
        "closure #1",
        " as ",
        "impl ",
        " for ",
        "-",
        "@",
        "\u{e9}",
        "\u{1f600}",
        "1",
        "h0123456789abcdef",
        "/",
        "\\",
        "?",
        " [as ",
        "operator",
        "->",
        ",",
        "block ",
        "func1",
        "__",
        "node_modules/",
        "_block_invoke",
        "+0x",
        "abc1234",
        "",
    ];
    let platforms = ["python", "rust", "node", "java", "cocoa", "native", "go", "ruby", "csharp", "other"];
    for a in pieces {
        for b in pieces {
            let few = format!("{a}{b}{a}");
            let many = format!("{a}{b}").repeat(if a.len() + b.len() < 4 { 1_500 } else { 300 });
            for name in [&few, &many] {
                for platform in platforms {
                    let started = std::time::Instant::now();
                    function_name(platform, name);
                    module_name(platform, name);
                    file_name(platform, name);
                    // A thousand times what it takes: only the quadratic of megabytes or a loop gets here.
                    assert!(started.elapsed().as_secs() < 2, "{platform}: {a:?} {b:?}");
                }
            }
        }
    }
}
