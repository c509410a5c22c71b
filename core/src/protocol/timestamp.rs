use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time as microseconds since 1970-01-01 UTC.
///
/// Written as RFC 3339 with six decimals; read from RFC 3339 or from float seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The wall clock now.
    pub fn now() -> Self {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp(since.as_micros() as i64),
            Err(before) => Timestamp(-(before.duration().as_micros() as i64)),
        }
    }

    /// From float seconds since the epoch; `None` when not finite or out of range.
    pub fn from_secs(secs: f64) -> Option<Self> {
        (secs.is_finite() && secs.abs() < 1e12).then(|| Timestamp((secs * 1e6).round() as i64))
    }

    /// Float seconds since the epoch.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// This time plus `span`.
    pub fn plus(self, span: Duration) -> Self {
        Timestamp(self.0.saturating_add(span.as_micros() as i64))
    }

    /// Parses `YYYY-MM-DD[T ]hh:mm:ss[.fraction][Z|±hh:mm]`; without a zone it is UTC.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let part = bytes.get(from..to)?;
            part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
        };
        let is = |at: usize, any: &[u8]| bytes.get(at).is_some_and(|b| any.contains(b));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let mut micros = 0;
        let mut at = 19;
        if is(at, b".") {
            at += 1;
            let mut scale = 100_000;
            while let Some(digit) = bytes.get(at).filter(|b| b.is_ascii_digit()) {
                micros += i64::from(digit - b'0') * scale;
                scale /= 10;
                at += 1;
            }
        }
        let offset = match bytes.get(at..)? {
            [] | [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), ..] if bytes.len() == at + 6 && is(at + 3, b":") => {
                let minutes = number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?;
                if *sign == b'-' { -minutes } else { minutes }
            }
            _ => return None,
        };
        let secs = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60;
        Some(Timestamp(secs * 1_000_000 + micros))
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, micros) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000));
        let (days, rest) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bad = || serde::de::Error::custom("expected an RFC 3339 date or seconds since 1970");
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(secs) => secs.as_f64().and_then(Timestamp::from_secs).ok_or_else(bad),
            serde_json::Value::String(text) => {
                let numeric = || text.parse::<f64>().ok().and_then(Timestamp::from_secs);
                Timestamp::parse_rfc3339(&text).or_else(numeric).ok_or_else(bad)
            }
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_same_moment() {
        for micros in [0, -1, 951_782_400_000_000, 1_763_719_200_123_456, 4_102_444_799_999_999] {
            assert_eq!(Timestamp::parse_rfc3339(&Timestamp(micros).to_string()), Some(Timestamp(micros)));
        }
        assert_eq!(Timestamp(951_782_400_000_000).to_string(), "2000-02-29T00:00:00.000000Z");
        assert_eq!(Timestamp::parse_rfc3339("2000-02-29T01:00:00+01:00"), Some(Timestamp(951_782_400_000_000)));
        assert_eq!(Timestamp::parse_rfc3339("2000-13-29T01:00:00Z"), None);
    }
}
