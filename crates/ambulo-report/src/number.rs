//! Numbers as people read them: fixed decimals, a true minus sign, a dash for what is not there.

/// What stands in place of a missing number.
pub(crate) const DASH: &str = "—";

/// A number with fixed decimals and U+2212 for minus; a dash if it is not finite.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return DASH.to_owned();
    }
    let digits = if value.abs() < 1e9 {
        format!("{:.decimals$}", value.abs())
    } else {
        format!("{:.2e}", value.abs())
    };
    let is_zero = digits.chars().all(|c| matches!(c, '0' | '.'));
    if value < 0.0 && !is_zero {
        format!("\u{2212}{digits}")
    } else {
        digits
    }
}

/// [`fixed`] with a plus sign before positive numbers.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let digits = fixed(value, decimals);
    let is_positive = value > 0.0 && digits.chars().any(|c| matches!(c, '1'..='9'));
    if is_positive {
        format!("+{digits}")
    } else {
        digits
    }
}

/// [`fixed`] of a number that may be missing.
pub(crate) fn optional(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| DASH.to_owned(), |value| fixed(value, decimals))
}

/// A number with its unit, held together by a no-break space.
pub(crate) fn with_unit(value: f64, decimals: usize, unit: &str) -> String {
    format!("{}{}", fixed(value, decimals), after_number(unit))
}

/// `low to high`, which no minus sign can make ambiguous.
pub(crate) fn range([low, high]: [f64; 2], decimals: usize) -> String {
    format!("{} to {}", fixed(low, decimals), fixed(high, decimals))
}

/// `mean ± sd`.
pub(crate) fn plus_minus(mean: f64, sd: f64, decimals: usize) -> String {
    format!(
        "{}\u{a0}±\u{a0}{}",
        fixed(mean, decimals),
        fixed(sd, decimals)
    )
}

/// A unit as it stands after a number: pure numbers have none, degrees no space.
pub(crate) fn after_number(unit: &str) -> String {
    match unit {
        "" | "1" => String::new(),
        "°" => "°".to_owned(),
        unit => format!("\u{a0}{unit}"),
    }
}

/// Decimals that leave about three figures of a number whose meaning is unknown.
pub(crate) fn sensible_decimals(value: f64) -> usize {
    match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_is_a_minus_sign_and_zero_has_none() {
        assert_eq!(fixed(-1.25, 1), "−1.2");
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(-0.0, 0), "0");
        assert_eq!(signed(0.004, 2), "0.00");
        assert_eq!(signed(4.0, 1), "+4.0");
        assert_eq!(signed(-4.0, 1), "−4.0");
    }

    #[test]
    fn what_is_not_a_number_is_a_dash() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(fixed(value, 2), DASH);
            assert_eq!(signed(value, 2), DASH);
        }
        assert_eq!(optional(None, 2), DASH);
    }

    #[test]
    fn huge_numbers_stay_short() {
        assert_eq!(fixed(-1e300, 2), "−1.00e300");
    }

    #[test]
    fn units_follow_their_custom() {
        assert_eq!(with_unit(12.34, 1, "°"), "12.3°");
        assert_eq!(with_unit(0.5, 3, "1"), "0.500");
        assert_eq!(with_unit(1.2, 2, "m/s"), "1.20\u{a0}m/s");
    }
}
