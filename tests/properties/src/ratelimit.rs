//! Rate limits: any header is survived, none lasts beyond a day, the longest of a category wins.
//!
//! Input: lines, each an answer: what stands before a TAB is `X-Sentry-Rate-Limits`, the rest `Retry-After`.

use faultwire::protocol::Value;
use faultwire::testing::vector;
use serde_json::json;

const DAY: f64 = 86_400.0;

pub fn check(input: &[u8]) {
    let Some(text) = crate::text(input) else { return };
    let answers: Vec<Value> = text
        .lines()
        .take(16)
        .map(|line| match line.split_once('\t') {
            Some((limits, after)) => json!({"at": 0, "status": 429, "rate_limits": limits, "retry_after": after}),
            None => json!({"at": 0, "status": 429, "rate_limits": line}),
        })
        .collect();
    // Without the header `Retry-After` counts.
    let bare: Vec<Value> = text.lines().take(16).map(|line| json!({"status": 429, "retry_after": line})).collect();
    let mut categories: Vec<&str> = text.split([':', ';', ',', '\n', '\t']).map(str::trim).take(32).collect();
    categories.extend(["", "error", "nobody says this"]);
    let mut longest: Vec<Option<f64>> = vec![None; categories.len()];
    for answer in &answers {
        for (most, one) in longest.iter_mut().zip(left(std::slice::from_ref(answer), &categories)) {
            *most = longer(*most, one);
        }
    }
    let together = left(&answers, &categories);
    for (category, (all, longest)) in categories.iter().zip(together.iter().zip(&longest)) {
        assert_eq!(all, longest, "{category:?} of {text:?}");
    }
    // What holds for all holds for each.
    let all = categories.iter().position(|c| c.is_empty()).and_then(|at| *together.get(at)?);
    for one in &together {
        assert!(longer(*one, all) == *one, "{one:?} is less than {all:?}");
    }
    for one in left(&bare, &categories) {
        assert!(bare.is_empty() || one.is_none_or(|one| (0.0..=DAY).contains(&one)));
    }
}

fn left(answers: &[Value], categories: &[&str]) -> Vec<Option<f64>> {
    let ask: Vec<Value> = categories.iter().map(|c| json!({"at": 0, "category": c.to_ascii_lowercase()})).collect();
    let left = vector("rate-limits", &json!({"answers": answers, "ask": ask})).expect("the form is right");
    let left: Vec<Option<f64>> = left.as_array().into_iter().flatten().map(Value::as_f64).collect();
    assert_eq!(left.len(), categories.len());
    for one in left.iter().flatten() {
        assert!((0.0..=DAY).contains(one), "{one} s");
    }
    left
}

fn longer(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}
