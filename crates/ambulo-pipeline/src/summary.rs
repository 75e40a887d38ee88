//! An analysis in a few lines, for the terminal.

use ambulo::analysis::Analysis;
use ambulo::parameters::{ParameterId, Status, Summary};

/// The headline numbers and the verdict on the recording, a line each.
pub fn summary_lines(analysis: &Analysis) -> Vec<String> {
    let mut lines = vec![format!("quality: {}", grade(analysis))];
    for finding in &analysis.quality.findings {
        let advice = finding.advice.as_deref().unwrap_or_default();
        lines.push(format!("  {}: {} {advice}", finding.code, finding.message));
    }
    if analysis.quality.grade == ambulo::quality::Grade::Reject {
        // Nothing was measured; the caller says why.
        return lines;
    }
    let headline = [
        ParameterId::Speed,
        ParameterId::Cadence,
        ParameterId::StepLength,
        ParameterId::StepWidth,
        ParameterId::Stance,
        ParameterId::DoubleSupport,
    ];
    for id in headline {
        let Some(parameter) = analysis.parameters.get(&id) else {
            continue;
        };
        if let Some(both) = &parameter.both {
            lines.push(format!("{}: {}", id.title(), value(id, both)));
        }
    }
    lines
}

fn grade(analysis: &Analysis) -> &'static str {
    match analysis.quality.grade {
        ambulo::quality::Grade::Pass => "pass",
        ambulo::quality::Grade::Caution => "caution",
        ambulo::quality::Grade::Reject => "reject",
    }
}

fn value(id: ParameterId, summary: &Summary) -> String {
    let reason = summary.reason.as_deref().unwrap_or_default();
    match (summary.value, summary.status) {
        (None, _) | (_, Status::Withheld) => format!("withheld ({reason})"),
        (Some(value), _) => {
            let decimals = id.decimals();
            let interval = summary.ci95.map_or_else(String::new, |[low, high]| {
                format!(" (95 % interval {low:.decimals$} to {high:.decimals$})")
            });
            format!("{value:.decimals$} {}{interval}", summary.unit)
        }
    }
}
