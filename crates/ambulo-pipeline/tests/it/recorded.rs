//! Recordings of laboratories, from file to analysis.

use std::path::{Path, PathBuf};

use ambulo::Side;
use ambulo::bouts::BoutKind;
use ambulo::parameters::{ParameterId, Status};
use ambulo::quality::Grade;
use ambulo::walk::View;
use ambulo_io::c3d::C3d;
use ambulo_io::files::Input;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::read::read_trial;
use ambulo_pipeline::{Analysed, analyze};
use ambulo_testkit::data_dir;

fn analysed_with(path: &Path, config: &Config) -> Result<Analysed, String> {
    let input = Input::load(path).map_err(|error| error.to_string())?;
    let loaded = read_trial(&input, config).map_err(|error| error.to_string())?;
    Ok(analyze(&loaded, config, &mut |_| {}))
}

fn analysed(path: &Path) -> Analysed {
    analysed_with(path, &Config::default()).unwrap()
}

fn value(analysed: &Analysed, id: ParameterId, side: Option<Side>) -> Option<f64> {
    let parameter = &analysed.analysis.parameters[&id];
    let summary = match side {
        Some(Side::Left) => &parameter.left,
        Some(Side::Right) => &parameter.right,
        None => &parameter.both,
    };
    summary.as_ref()?.value
}

/// Every C3D file below a folder, in order.
fn c3d_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(c3d_files(&path));
        } else if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("c3d"))
        {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn every_c3d_file_is_analysed_or_refused_with_a_reason() {
    let Some(folder) = data_dir() else { return };
    let files = c3d_files(&folder.join("c3d"));
    assert_eq!(files.len(), 35);
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match analysed_with(&path, &Config::default()) {
            Ok(analysed) if analysed.is_valid() => {
                let speed = value(&analysed, ParameterId::Speed, None);
                println!(
                    "{name}: speed {speed:?} {:?}",
                    analysed.analysis.quality.grade
                );
            }
            Ok(analysed) => {
                let reasons = analysed.reasons();
                println!("{name}: refused: {reasons:?}");
                assert!(reasons.iter().all(|reason| reason.len() > 10), "{name}");
            }
            Err(error) => {
                println!("{name}: unreadable: {error}");
                assert!(error.len() > 10, "{name}");
            }
        }
    }
}

#[test]
fn standing_still_is_refused_as_no_walking_found() {
    let Some(folder) = data_dir() else { return };
    let zoo = folder.join("c3d/biomechzoo");
    let statics = [
        "HC030A/HC030A01",
        "HC031A/HC031A01",
        "HC032A/HC032A01",
        "HC036A/HC036A01",
    ];
    let paths = statics
        .iter()
        .map(|name| zoo.join(format!("{name}.c3d")))
        .chain([folder.join("c3d/btk/PiG_Calibration-FlatFoot-Full.c3d")]);
    for path in paths {
        let analysed = analysed(&path);
        assert!(!analysed.is_valid(), "{path:?}");
        let reasons = analysed.reasons().join(" ");
        assert!(reasons.contains("no walking found"), "{path:?}: {reasons}");
    }
}

/// Means of the values that the laboratory stored, by name.
fn stored(path: &Path, name: &str) -> Vec<(String, f64, String)> {
    let c3d = C3d::parse(&std::fs::read(path).unwrap()).unwrap();
    c3d.analysis_values()
        .into_iter()
        .filter(|row| row.name == name)
        .map(|row| (row.context, row.value, row.unit))
        .collect()
}

#[test]
fn stored_cadence_speed_and_stride_length_are_met() {
    let Some(folder) = data_dir() else { return };
    for name in ["PiG_Motion-FlatFoot-Full", "PiG_Motion-FlatFoot-Hole"] {
        let path = folder.join(format!("c3d/btk/{name}.c3d"));
        let analysed = analysed(&path);
        // The file stores one stride a side; ours are the means of all clean strides.
        for (stored_name, id, tolerance) in [
            ("Cadence", ParameterId::Cadence, 2.0),
            ("Walking Speed", ParameterId::Speed, 0.03),
        ] {
            let rows = stored(&path, stored_name);
            let expected = rows.iter().map(|row| row.1).sum::<f64>() / rows.len() as f64;
            let ours = value(&analysed, id, None).unwrap();
            println!("{name} {stored_name}: stored {expected:.3}, ours {ours:.3}");
            assert!((ours - expected).abs() < tolerance, "{name} {stored_name}");
        }
        let rows = stored(&path, "Stride Length");
        assert_eq!(rows.len(), 2, "{name}");
        let expected = rows.iter().map(|row| row.1).sum::<f64>() / 2.0;
        let ours = value(&analysed, ParameterId::StrideLength, None).unwrap();
        println!("{name} stride length: stored {expected:.3} m, ours {ours:.3} m");
        assert!((ours - expected).abs() < 0.020, "{name}");
        // The stride that the file measured is among ours.
        for (context, expected, _) in rows {
            let nearest = analysed
                .analysis
                .strides
                .iter()
                .filter(|stride| stride.used && stride.side.name() == context.to_lowercase())
                .filter_map(|stride| stride.values.get(&ParameterId::StrideLength))
                .map(|length| (length - expected).abs())
                .fold(f64::INFINITY, f64::min);
            println!(
                "{name} {context}: nearest stride {:.0} mm off",
                1e3 * nearest
            );
            assert!(nearest < 0.020, "{name} {context}");
        }
    }
}

#[test]
fn turns_are_found_and_their_strides_kept_out() {
    let Some(folder) = data_dir() else { return };
    for name in [
        "HC002D25", "HC030A22", "HC031A23", "HC032A18", "HC033A22", "HC036A23",
    ] {
        let path = folder.join(format!("c3d/biomechzoo/{}/{name}.c3d", &name[..6]));
        let analysed = analysed(&path);
        let turns: Vec<_> = analysed
            .analysis
            .bouts
            .iter()
            .filter(|bout| bout.kind == BoutKind::Turning)
            .collect();
        let turned: f64 = turns.iter().map(|bout| bout.turned_deg.abs()).sum();
        println!("{name}: {turned:.0}° in {} turns", turns.len());
        assert!((60.0..=125.0).contains(&turned), "{name}: {turned}°");
        for stride in analysed
            .analysis
            .strides
            .iter()
            .filter(|stride| stride.used)
        {
            let overlaps = turns
                .iter()
                .any(|turn| stride.start_s < turn.end_s && stride.end_s > turn.start_s);
            assert!(!overlaps, "{name}: a stride at {} s", stride.start_s);
        }
    }
    for name in [
        "HC002D06", "HC030A05", "HC031A06", "HC032A03", "HC033A10", "HC036A10",
    ] {
        let path = folder.join(format!("c3d/biomechzoo/{}/{name}.c3d", &name[..6]));
        let bouts = analysed(&path).analysis.bouts;
        assert!(
            bouts.iter().all(|bout| bout.kind == BoutKind::Straight),
            "{name}"
        );
    }
}

#[test]
fn keypoints_of_one_view_go_through_the_planar_path() {
    let Some(folder) = data_dir() else { return };
    let views = folder.join("video/pose2sim_single/openpose_body25b");
    let mut config = Config::default();
    config.input.fps_hz = Some(60.0);
    config.subject.height_m = Some(1.7);
    for view in ["cam01_json", "cam02_json", "cam03_json", "cam04_json"] {
        let analysed = analysed_with(&views.join(view), &config).unwrap();
        let analysis = &analysed.analysis;
        assert_eq!(analysis.input.format, "openpose", "{view}");
        let notes = analysis.input.notes.join(" ");
        assert!(notes.contains("BODY_25B"), "{view}: {notes}");
        assert_eq!(analysis.input.frames, 100);
        assert!(analysis.input.view != View::Spatial);
        // Balancing on a beam is not walking: whatever is said carries its reasons.
        println!(
            "{view}: {:?} {:?}",
            analysis.quality.grade,
            analysed.reasons()
        );
        for parameter in analysis.parameters.values() {
            for summary in [&parameter.left, &parameter.right, &parameter.both]
                .into_iter()
                .flatten()
            {
                assert!(summary.status != Status::Withheld || summary.reason.is_some());
            }
        }
    }
}

#[test]
fn a_rejected_trial_shows_no_numbers() {
    let Some(folder) = data_dir() else { return };
    let analysed = analysed(&folder.join("c3d/biomechzoo/HC030A/HC030A01.c3d"));
    assert_eq!(analysed.analysis.quality.grade, Grade::Reject);
    assert!(analysed.analysis.angles.is_empty());
    for parameter in analysed.analysis.parameters.values() {
        let sides = [&parameter.left, &parameter.right, &parameter.both];
        assert!(
            sides
                .into_iter()
                .flatten()
                .all(|summary| summary.value.is_none())
        );
    }
}
