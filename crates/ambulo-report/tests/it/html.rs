//! What must hold for every report.

use ambulo::Side;
use ambulo::analysis::Analysis;
use ambulo::assessment::CurveNorm;
use ambulo::kinematics::AngleId;
use ambulo::parameters::ParameterId;
use ambulo_report::{Film, Still, html, html_with_film};

use crate::sample;

fn every_sample() -> [(&'static str, Analysis); 7] {
    [
        ("full", sample::full()),
        ("crowded", sample::crowded()),
        ("one_camera", sample::one_camera()),
        ("rejected", sample::rejected()),
        ("empty", sample::empty()),
        ("with_network", sample::with_network()),
        ("lifted", sample::lifted()),
    ]
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    for (name, analysis) in every_sample() {
        let page = html(&analysis);
        for outside in [
            "http:", "https:", "<script", "<link", "<img", "@import", "url(h", " onclick",
        ] {
            assert!(!page.contains(outside), "{outside} in {name}");
        }
    }
}

#[test]
fn every_element_is_closed_and_every_link_leads_somewhere() {
    for (name, analysis) in every_sample() {
        let page = html(&analysis);
        assert_balanced(name, &page);
        for link in page.split("href=\"#").skip(1) {
            let target = link.split('"').next().expect("split gives one part");
            assert!(
                page.contains(&format!("id=\"{target}\"")),
                "{target} in {name}"
            );
        }
        for reference in page.split("labelledby=\"").skip(1) {
            let targets = reference.split('"').next().expect("split gives one part");
            for target in targets.split(' ') {
                assert!(
                    page.contains(&format!("id=\"{target}\"")),
                    "{target} in {name}"
                );
            }
        }
    }
}

#[test]
fn the_film_is_within_the_page_but_for_the_video_beside_it() {
    let still = |caption: &str| Still {
        caption: caption.to_owned(),
        width_px: 2,
        height_px: 3,
        png: vec![1, 2, 3],
    };
    let film = Film {
        video: Some("overlay.mp4".to_owned()),
        stills: vec![still("Left initial contact, 1.23 s"), still("<script>")],
    };
    for analysis in [sample::full(), sample::rejected()] {
        let page = html_with_film(&analysis, &film);
        assert_balanced("film", &page);
        for outside in ["http:", "https:", "<script", "<link", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
        for part in [
            "img-src data:; media-src",
            "src=\"data:image/png;base64,AQID\"",
            "<video controls preload=\"metadata\" src=\"overlay.mp4\">",
            "Left initial contact, 1.23 s</figcaption>",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }
    let nothing = html_with_film(&sample::full(), &Film::default());
    assert!(!nothing.contains("film-heading"));
}

#[test]
fn ids_are_unique() {
    for (name, analysis) in every_sample() {
        let page = html(&analysis);
        let mut ids: Vec<&str> = page
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}");
    }
}

#[test]
fn text_from_files_is_escaped() {
    let evil = "<script>alert('x')</script>&\"";
    let mut analysis = sample::full();
    evil.clone_into(&mut analysis.input.name);
    evil.clone_into(&mut analysis.input.format);
    analysis.input.recorded_on = Some(evil.to_owned());
    analysis.input.notes = vec![evil.to_owned()];
    evil.clone_into(&mut analysis.provenance.config);
    evil.clone_into(&mut analysis.quality.findings[0].message);
    evil.clone_into(&mut analysis.assessment.findings[0].sentence);
    evil.clone_into(&mut analysis.assessment.findings[0].evidence[0].parameter);
    evil.clone_into(&mut analysis.assessment.findings[0].evidence[0].unit);
    evil.clone_into(&mut analysis.norms.curves_source);
    analysis.strides[0].reason = Some(evil.to_owned());
    evil.clone_into(&mut analysis.methods[0].stage);
    let page = html(&analysis);
    assert!(!page.contains("<script"));
    assert!(!page.contains("&\""));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn a_number_that_is_none_is_never_printed() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut analysis = sample::with_network();
        poison(&mut analysis, bad);
        let page = html(&analysis);
        let visible = page.split("</style>").nth(1).expect("the page has a style");
        for word in ["NaN", ">inf", "-inf", "−inf", "inf\"", " inf", "\u{a0}inf"] {
            assert!(!visible.contains(word), "{word} for {bad}");
        }
    }
}

#[test]
fn a_rejected_trial_shows_no_measurement() {
    let page = html(&sample::rejected());
    assert!(page.contains("Rejected: do not use this recording"));
    assert!(page.contains("Step back with the camera"));
    for measured in [
        "0.508",
        "31.4",
        "GPS",
        "104",
        "The right knee flexes",
        "class=\"curves\"",
    ] {
        assert!(!page.contains(measured), "{measured}");
    }
}

#[test]
fn a_withheld_value_is_a_dash_with_its_reason() {
    let page = html(&sample::one_camera());
    assert!(
        page.contains("Withheld: no scale is known: give the subject&#39;s height")
            || page.contains("Withheld: no scale is known: give the subject's height")
    );
    assert!(page.contains("Nothing could be judged: there is no number with a norm."));
}

#[test]
fn a_withheld_summary_hides_a_value_left_in_it() {
    let mut analysis = sample::full();
    let speed = analysis
        .parameters
        .get_mut(&ParameterId::Speed)
        .expect("the sample has it");
    let speed = speed.both.as_mut().expect("the sample has it");
    speed.value = Some(987.65);
    speed.ci95 = Some([987.61, 987.69]);
    speed.status = ambulo::parameters::Status::Withheld;
    speed.reason = Some("fewer than two clean cycles".to_owned());
    let page = html(&analysis);
    assert!(!page.contains("987.6"), "a withheld value is printed");
    assert!(page.contains("fewer than two clean cycles"));
}

#[test]
fn the_same_analysis_gives_the_same_page() {
    assert_eq!(html(&sample::full()), html(&sample::full()));
}

/// Every start tag has its end tag, in order.
#[track_caller]
fn assert_balanced(name: &str, page: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in page.split('<').skip(1) {
        let tag = piece.split('>').next().expect("split gives one part");
        if tag.starts_with('!') {
            continue;
        }
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "in {name}");
            continue;
        }
        let element = tag.split(' ').next().expect("split gives one part");
        if !matches!(element, "meta" | "br" | "hr" | "img") {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "{open:?} left open in {name}");
}

/// Puts a bad number wherever an analysis has room for one.
fn poison(analysis: &mut Analysis, bad: f64) {
    analysis.input.duration_s = bad;
    analysis.input.rate_hz = bad;
    analysis.input.subject.height_m = Some(bad);
    analysis.quality.findings[0].value = Some(bad);
    for summary in analysis.parameters.values_mut() {
        let sides = [&mut summary.left, &mut summary.right, &mut summary.both];
        for side in sides.into_iter().flatten() {
            side.value = Some(bad);
            side.sd = Some(bad);
            side.cv_pct = Some(bad);
            side.ci95 = Some([bad, bad]);
        }
        if let Some(symmetry) = &mut summary.symmetry {
            symmetry.robinson_pct = bad;
            symmetry.ratio = bad;
        }
    }
    for norm in &mut analysis.norms.parameters {
        norm.norm.mean = bad;
    }
    if let Some(norm) = analysis.norms.curves.get_mut(&AngleId::HipFlexion) {
        norm.left = CurveNorm {
            mean_deg: vec![bad; 101],
            sd_deg: vec![bad; 3],
        };
    }
    for (index, sides) in analysis.angles.values_mut().enumerate() {
        for side in Side::BOTH {
            if let Some(curve) = sides.get_mut(side) {
                curve.mean_deg[index * 10] = bad;
                curve.sd_deg = Some(vec![bad; 101]);
                if index == 2 {
                    curve.mean_deg = vec![bad; 101];
                }
            }
        }
    }
    for scores in analysis.indices.gvs_deg.values_mut() {
        scores.left = Some(bad);
    }
    analysis.indices.gps_overall_deg = Some(bad);
    analysis.indices.gdi_star.left = Some(bad);
    for learned in analysis.learned.values_mut() {
        learned.value = bad;
        learned.ci95 = [bad, bad];
    }
    for finding in &mut analysis.assessment.findings {
        finding.z = Some(bad);
        finding.evidence[0].value = bad;
    }
    analysis.events[0].time_s = bad;
    analysis.bouts[1].end_s = bad;
    analysis.strides[0].start_s = bad;
    for value in analysis.strides[1].values.values_mut() {
        *value = bad;
    }
    analysis.rejected_cycles[0].end_s = bad;
}

#[test]
fn what_was_lifted_stands_beside_what_the_picture_gives() {
    let page = html(&sample::lifted());
    assert!(page.contains("marked so; the picture alone gives them less well"));
    let details = page
        .split("id=\"lifted-details\"")
        .nth(1)
        .expect("a section");
    let section = details
        .split("</section>")
        .next()
        .expect("split gives one part");
    for words in [
        "Step width",
        "Knee flexion",
        "the picture",
        "three dimensions",
        "other-curve-knee_flexion",
    ] {
        assert!(section.contains(words), "{words}");
    }
    assert!(!html(&sample::one_camera()).contains("lifted-details"));
}

#[test]
fn estimates_of_networks_stand_beside_what_was_measured_and_refusals_say_why() {
    let page = html(&sample::with_network());
    let section = page.split("learned-heading").nth(2).expect("the section");
    let section = section.split("</section>").next().expect("its end");
    for said in [
        "Knee flexion at maximum extension, left",
        "11.2°",
        "3.1 to 19.3",
        ">measured<",
        "With caution, Knee flexion at maximum extension, left: 12 % of the legs",
        "Not estimated, GDI*, left: too short: 100 frames",
    ] {
        assert!(section.contains(said), "{said} in {section}");
    }
    let mut refused = sample::with_network();
    refused.learned.clear();
    assert!(html(&refused).contains("film at least 5 s of walking"));
}

#[test]
fn a_score_stands_with_its_probabilities_and_sentences_with_their_numbers() {
    let page = html(&sample::with_network());
    let section = page.split("score-heading").nth(2).expect("the section");
    let section = section.split("</section>").next().expect("its end");
    for said in [
        "Score 1 of 0 to 3",
        "61\u{a0}%",
        "assess_forest 1",
        "is no diagnosis",
        "<h4>Foot</h4>",
        "Left step length is clearly short.",
        "#reason-1",
        "0.508\u{a0}m",
        "frames 31–152",
        "<h4>Arm</h4>",
        "<h4>Overall</h4>",
        "1 sentence that the measurements contradict was struck",
        "reads the motion and what was measured of it: score 1",
        "1 sentence of its own is borne out by the measurements, 2 were struck because they contradict them",
        "The pace of walking is noticeably slow.",
    ] {
        assert!(section.contains(said), "{said} in {section}");
    }
    assert!(page.contains("id=\"reason-3\""));
    assert!(!html(&sample::full()).contains("score-heading"));
}

#[test]
fn where_the_language_model_leads_its_score_stands_once_with_the_reason() {
    let mut led = sample::with_network();
    let opinion = led.assessment.second_opinion.as_ref().unwrap();
    led.assessment.scorer = Some(opinion.scorer.clone());
    led.assessment.scorer_because = Some("assess_forest 1 gives none: too little".to_owned());
    led.assessment.probabilities = opinion.probabilities.clone();
    let page = html(&led);
    let section = page.split("score-heading").nth(2).expect("the section");
    for said in [
        "simulated impairments; assess_forest 1 gives none: too little. The scale",
        "assess_reasoner is a language model that reads the motion and what was measured of it; 1 sentence",
        "52\u{a0}%",
    ] {
        assert!(section.contains(said), "{said} in {section}");
    }
    assert!(!section.contains("Beside it"));
}

#[test]
fn a_refused_score_says_why() {
    let mut refused = sample::full();
    refused.assessment.abstained = true;
    refused.assessment.abstained_because = Some("no score is likely enough".to_owned());
    let page = html(&refused);
    assert!(page.contains("No score is given") && page.contains(": no score is likely enough."));
}
