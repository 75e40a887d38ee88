//! `cargo xtask norms`: the healthy adults' table in `ambulo::normative`, from the recorded data.
//!
//! Data: 42 healthy adults of Fukuchi, Fukuchi & Duarte (2018), `PeerJ` 6:e4640 (CC BY 4.0), one
//! stride a side at comfortable speed, as collected in `pd/Parkinsons_Data.csv`. Only rows of these
//! adults are read.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ambulo::Side;
use ambulo::indices::{SAGITTAL, SAGITTAL_2D, every_second, gait_variable_score, root_mean_square};
use ambulo::kinematics::AngleId;
use anyhow::{Context, bail, ensure};

const OUTPUT: &str = "crates/ambulo/src/normative/fukuchi2018.rs";
const INPUT: &str = "pd/Parkinsons_Data.csv";
/// How the healthy adults' sessions are named.
const CONTROL: &str = "WBDS";
const PEOPLE: usize = 42;
const POINTS: usize = 101;

/// The nine variables in the order of GPS, with the name and the axis they have in the file.
const VARIABLES: [(AngleId, &str, &str); 9] = [
    (AngleId::PelvicTilt, "PelvisAngles", "2"),
    (AngleId::PelvicObliquity, "PelvisAngles", "1"),
    (AngleId::PelvicRotation, "PelvisAngles", "3"),
    (AngleId::HipFlexion, "HipAngles", "2"),
    (AngleId::HipAdduction, "HipAngles", "1"),
    (AngleId::HipRotation, "HipAngles", "3"),
    (AngleId::KneeFlexion, "KneeAngles", "2"),
    (AngleId::AnkleDorsiflexion, "AnkleAngles", "2"),
    (AngleId::FootProgression, "FootProgressAngles", "3"),
];

/// Curves of one person and side.
type Curves = BTreeMap<AngleId, Vec<f64>>;

/// Mean and SD at each point.
struct Band {
    mean: Vec<f64>,
    sd: Vec<f64>,
}

/// Writes the table.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let data =
        std::env::var_os("AMBULO_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let text = std::fs::read_to_string(data.join(INPUT))
        .context("cannot read the recorded data; set AMBULO_DATA to its folder")?;
    std::fs::write(root.join(OUTPUT), table(&text)?).context("cannot write the table")
}

/// The generated source file.
fn table(csv: &str) -> anyhow::Result<String> {
    let people = controls(csv)?;
    let means = Means::of(&people);
    let mut out = String::from(HEADER);
    for (angle, ..) in VARIABLES {
        let title = angle.title().to_lowercase();
        write_band(
            &mut out,
            &angle.name().to_uppercase(),
            &title,
            &means.bands[&angle],
        )?;
    }
    let what = "the thigh against the vertical: hip flexion minus pelvic tilt";
    write_band(&mut out, "THIGH", what, &means.thigh)?;
    let deviations = Deviations::of(&people, &means).context("curves of unequal length")?;
    for (name, what, values) in [
        ("LN_GPS", "ln of a side's GPS", ln(&deviations.gps)),
        (
            "LN_SAGITTAL",
            "ln of a side's RMS deviation in pelvic tilt, hip, knee and ankle",
            ln(&deviations.sagittal),
        ),
        (
            "LN_SAGITTAL_2D",
            "ln of a side's RMS deviation in thigh, knee and ankle",
            ln(&deviations.sagittal_2d),
        ),
    ] {
        write_pair(&mut out, name, what, &values, 4)?;
    }
    writeln!(
        out,
        "/// Mean and SD of a side's GVS, each variable in the order of GPS."
    )?;
    writeln!(out, "pub(super) const GVS_DEG: [[f64; 2]; 9] = [")?;
    for scores in &deviations.variables {
        let (mean, sd) = mean_and_sd(scores);
        writeln!(out, "    [{mean:.2}, {sd:.2}],")?;
    }
    writeln!(out, "];")?;
    let each = |value: fn(&Curves) -> f64| people.iter().flatten().map(value).collect::<Vec<_>>();
    for (name, what, values) in [
        ("GPS_SIDE_DEG", "a side's GPS", deviations.gps),
        ("GPS_OVERALL_DEG", "the overall GPS", deviations.overall),
        (
            "LEAST_KNEE_FLEXION_DEG",
            "the least knee flexion from 0 to 60 % of the cycle",
            each(|curves| {
                curves[&AngleId::KneeFlexion][..=60]
                    .iter()
                    .copied()
                    .fold(90.0, f64::min)
            }),
        ),
        (
            "PEAK_KNEE_FLEXION_DEG",
            "the greatest knee flexion from 60 to 100 % of the cycle",
            each(|curves| {
                curves[&AngleId::KneeFlexion][60..]
                    .iter()
                    .copied()
                    .fold(0.0, f64::max)
            }),
        ),
        (
            "FOOT_PROGRESSION_DEG",
            "foot progression at 30 % of the cycle",
            each(|curves| curves[&AngleId::FootProgression][30]),
        ),
    ] {
        write_pair(&mut out, name, what, &values, 2)?;
    }
    Ok(out)
}

/// Bands of every variable, left and right.
struct Means {
    bands: BTreeMap<AngleId, [Band; 2]>,
    thigh: [Band; 2],
}

impl Means {
    fn of(people: &[[Curves; 2]]) -> Self {
        let sides =
            |curve: &dyn Fn(&Curves) -> Vec<f64>| Side::BOTH.map(|side| band(people, side, curve));
        Self {
            bands: VARIABLES
                .iter()
                .map(|&(angle, ..)| (angle, sides(&|c| c[&angle].clone())))
                .collect(),
            thigh: sides(&thigh_to_vertical),
        }
    }
}

/// RMS deviations of each side (overall: of each person) from the means.
#[derive(Default)]
struct Deviations {
    /// One list a variable.
    variables: [Vec<f64>; 9],
    gps: Vec<f64>,
    overall: Vec<f64>,
    sagittal: Vec<f64>,
    sagittal_2d: Vec<f64>,
}

impl Deviations {
    fn of(people: &[[Curves; 2]], means: &Means) -> Option<Self> {
        let rms = |curve: &[f64], band: &Band| {
            gait_variable_score(&every_second(curve), &every_second(&band.mean))
        };
        let mut all = Self::default();
        for person in people {
            let mut fifteen = Vec::new();
            for (side, curves) in person.iter().enumerate() {
                let scores = |angles: &[AngleId]| -> Option<Vec<f64>> {
                    angles
                        .iter()
                        .map(|angle| rms(&curves[angle], &means.bands[angle][side]))
                        .collect()
                };
                let nine = scores(&AngleId::GAIT_PROFILE)?;
                for (all, score) in all.variables.iter_mut().zip(&nine) {
                    all.push(*score);
                }
                all.gps.push(root_mean_square(&nine)?);
                all.sagittal.push(root_mean_square(&scores(&SAGITTAL)?)?);
                let mut planar = scores(&SAGITTAL_2D[1..])?;
                planar.push(rms(&thigh_to_vertical(curves), &means.thigh[side])?);
                all.sagittal_2d.push(root_mean_square(&planar)?);
                fifteen.extend_from_slice(if side == 0 { &nine } else { &nine[3..] });
            }
            all.overall.push(root_mean_square(&fifteen)?);
        }
        Some(all)
    }
}

fn ln(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value.ln()).collect()
}

fn write_pair(
    out: &mut String,
    name: &str,
    what: &str,
    values: &[f64],
    decimals: usize,
) -> std::fmt::Result {
    let (mean, sd) = mean_and_sd(values);
    writeln!(out, "/// Mean and SD of {what}.")?;
    writeln!(
        out,
        "pub(super) const {name}: [f64; 2] = [{mean:.decimals$}, {sd:.decimals$}];"
    )
}

const HEADER: &str = "\
//! Joint angles of 42 healthy adults at comfortable speed. Made by `cargo xtask norms`; do not edit.
//!
//! Source: Fukuchi, Fukuchi & Duarte (2018), \"A public dataset of overground and treadmill walking
//! kinematics and kinetics in healthy individuals\", `PeerJ` 6:e4640, doi:10.7717/peerj.4640,
//! data doi:10.6084/m9.figshare.5722711, CC BY 4.0. Changed: mean and sample SD over the 42 people,
//! one stride a side, rounded. Degrees at 0, 1, …, 100 % of the cycle; flexion, adduction, internal
//! rotation, anterior tilt, this side up and forward, and toe-in are positive.
#![cfg_attr(rustfmt, rustfmt_skip)]
#![expect(clippy::approx_constant, reason = \"angles that happen to be near a constant\")]

/// Mean and SD at 101 points.
pub(super) type Band = [[f64; 101]; 2];

";

/// Curves of each healthy adult, left then right, in the file's order.
fn controls(csv: &str) -> anyhow::Result<Vec<[Curves; 2]>> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines
        .next()
        .context("the file is empty")?
        .split(',')
        .collect();
    let column = |name: &str| {
        header
            .iter()
            .position(|&have| have == name)
            .with_context(|| format!("no column {name}"))
    };
    let [person, side, name, axis, first] =
        ["SessionID", "Side", "VariableName", "Dim", "GCpc_0"].map(column);
    let [person, side, name, axis, first] = [person?, side?, name?, axis?, first?];
    let mut people: Vec<(&str, [Curves; 2])> = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        ensure!(
            cells.len() == header.len(),
            "a line of {} cells",
            cells.len()
        );
        if !cells[person].starts_with(CONTROL) {
            continue;
        }
        let Some(&(angle, ..)) = VARIABLES
            .iter()
            .find(|(_, n, a)| *n == cells[name] && *a == cells[axis])
        else {
            bail!("unknown variable {} {}", cells[name], cells[axis]);
        };
        let curve: Vec<f64> = cells[first..]
            .iter()
            .take(POINTS)
            .map(|cell| cell.trim().parse::<f64>())
            .collect::<Result<_, _>>()
            .with_context(|| {
                format!(
                    "{} {} has a cell that is no number",
                    cells[person], cells[name]
                )
            })?;
        if people.last().is_none_or(|(last, _)| *last != cells[person]) {
            people.push((cells[person], Default::default()));
        }
        let sides = &mut people.last_mut().context("no person")?.1;
        sides[usize::from(cells[side] == "R")].insert(angle, curve);
    }
    ensure!(
        people.len() == PEOPLE,
        "{} healthy adults, expected {PEOPLE}",
        people.len()
    );
    let complete = people
        .iter()
        .flat_map(|(_, sides)| sides)
        .all(|c| c.len() == VARIABLES.len());
    ensure!(complete, "a person lacks a curve");
    Ok(people.into_iter().map(|(_, sides)| sides).collect())
}

fn thigh_to_vertical(curves: &Curves) -> Vec<f64> {
    let (hip, tilt) = (&curves[&AngleId::HipFlexion], &curves[&AngleId::PelvicTilt]);
    hip.iter().zip(tilt).map(|(hip, tilt)| hip - tilt).collect()
}

fn band(people: &[[Curves; 2]], side: Side, curve: &dyn Fn(&Curves) -> Vec<f64>) -> Band {
    let curves: Vec<Vec<f64>> = people
        .iter()
        .map(|person| curve(&person[usize::from(side == Side::Right)]))
        .collect();
    let (mean, sd) = (0..POINTS)
        .map(|point| mean_and_sd(&curves.iter().map(|curve| curve[point]).collect::<Vec<_>>()))
        .unzip();
    Band { mean, sd }
}

fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

fn write_band(out: &mut String, name: &str, what: &str, sides: &[Band; 2]) -> std::fmt::Result {
    writeln!(out, "/// Left and right: {what}.")?;
    writeln!(out, "pub(super) static {name}: [Band; 2] = [")?;
    for band in sides {
        writeln!(out, "    [")?;
        for values in [&band.mean, &band.sd] {
            writeln!(out, "        [")?;
            for chunk in values.chunks(14) {
                let cells: Vec<String> = chunk.iter().map(|v| two_decimals(*v)).collect();
                writeln!(out, "            {},", cells.join(", "))?;
            }
            writeln!(out, "        ],")?;
        }
        writeln!(out, "    ],")?;
    }
    writeln!(out, "];\n")
}

/// Two decimals, without a negative zero.
fn two_decimals(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" {
        "0.00".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_repository_is_what_the_data_gives() {
        let Some(data) = ambulo_testkit::data_dir() else {
            return;
        };
        let csv = std::fs::read_to_string(data.join(INPUT)).unwrap();
        let tracked = ambulo_testkit::repository_root().join(OUTPUT);
        assert!(
            std::fs::read_to_string(tracked).unwrap() == table(&csv).unwrap(),
            "run cargo xtask norms"
        );
    }
}
