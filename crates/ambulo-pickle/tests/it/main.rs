//! Pickles written by Python, hostile ones and damaged ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use ambulo_pickle::{PickleError, StorageType, Value, parse};
use ambulo_testkit::{SeededRng, mutate, repository_root};

fn fixture(name: &str) -> Vec<u8> {
    fs::read(repository_root().join("testdata/pickles").join(name)).unwrap()
}

fn ints(value: &Value) -> Vec<i64> {
    let items = value.as_slice().unwrap().iter();
    items.map(|item| item.as_i64().unwrap()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().to_f64().unwrap()
}

#[test]
fn plain_data_of_every_protocol_is_read() {
    for protocol in 2..=5 {
        let value = parse(&fixture(&format!("plain-{protocol}.pkl"))).unwrap();
        let get = |key| value.get(key).unwrap();
        assert_eq!(*get("none"), Value::None);
        assert_eq!(ints(get("flags")), [1, 0]);
        assert_eq!(ints(get("ints")), [0, -1, 255, 65536, -(1 << 40), 1 << 62]);
        let Value::LongInt(long) = get("long") else {
            panic!("{:?}", get("long"))
        };
        assert_eq!((long.len(), long[12]), (13, 16));
        assert_eq!(get("float").as_f64(), Some(-2.5));
        assert_eq!(get("text").as_str(), Some("Schritt ü"));
        assert_eq!(*get("bytes"), Value::Bytes([0, 255][..].into()));
        assert_eq!(*get("set"), Value::Set([Value::Int(3)][..].into()));
        let shared = get("shared").as_slice().unwrap();
        assert_eq!((ints(&shared[0]), &shared[0]), (vec![1, 2], &shared[1]));
        let ordered = get("ordered").as_dict().unwrap();
        let keys: Vec<_> = ordered
            .iter()
            .map(|(key, _)| key.as_str().unwrap())
            .collect();
        assert_eq!(keys, ["b", "a"]);
        let entries = value.as_dict().unwrap();
        let seven = entries
            .iter()
            .find(|(key, _)| *key == Value::Int(7))
            .unwrap();
        assert_eq!(seven.1.as_str(), Some("seven"));
    }
}

#[test]
fn settings_of_training_programs_are_passed_over() {
    for protocol in [2, 4] {
        let value = parse(&fixture(&format!("settings-{protocol}.pkl"))).unwrap();
        assert_eq!(value.get("epoch").unwrap().as_i64(), Some(9));
        let state = value.get("state_dict").unwrap().as_dict().unwrap();
        assert_eq!(state.len(), 1);
        let settings = value.get("hyper_parameters").unwrap();
        assert!(matches!(settings, Value::Opaque(_)), "{settings:?}");
    }
}

#[test]
fn arrays_of_every_protocol_are_read() {
    for protocol in 2..=5 {
        let value = parse(&fixture(&format!("arrays-{protocol}.pkl"))).unwrap();
        let get = |key| value.get(key).unwrap();
        assert_eq!(get("f4").as_array().unwrap().shape(), [2, 3]);
        assert_eq!(numbers(get("f4")), [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]);
        let counted: Vec<_> = (0..24).map(f64::from).collect();
        assert!(
            get("fortran").as_array().unwrap().columns_first(),
            "{protocol}"
        );
        assert_eq!(numbers(get("fortran")), counted);
        assert_eq!(numbers(get("f2")), [0.5, -65504.0, f64::INFINITY]);
        assert_eq!(numbers(get("big")), [1.0, -2.0]);
        assert_eq!(numbers(get("i8")), [-(2.0_f64.powi(40))]);
        assert_eq!(numbers(get("u1")), [255.0]);
        assert_eq!(numbers(get("bool")), [1.0, 0.0]);
        let texts = |key| get(key).as_array().unwrap().to_texts().unwrap();
        assert_eq!(texts("text"), ["ab", "ü"]);
        assert_eq!(texts("bytes"), ["xyz"]);
        assert_eq!(get("scalar").as_f64(), Some(0.1));
        assert_eq!(get("count").as_i64(), Some(-3));
        assert_eq!(get("empty").as_array().unwrap().shape(), [0, 3]);
        assert!(matches!(get("random"), Value::Opaque(_)));
        let objects = get("objects").as_slice().unwrap();
        assert_eq!((&objects[0], ints(&objects[1])), (&Value::None, vec![1]));
    }
}

#[test]
fn names_of_older_numpy_are_read() {
    let new = fixture("arrays-2.pkl");
    let mut old = Vec::new();
    let mut rest = &new[..];
    while let Some(at) = rest.windows(12).position(|name| name == b"numpy._core.") {
        old.extend_from_slice(&rest[..at]);
        old.extend_from_slice(b"numpy.core.");
        rest = &rest[at + 12..];
    }
    old.extend_from_slice(rest);
    assert_ne!(old, new);
    assert_eq!(parse(&old).unwrap(), parse(&new).unwrap());
}

#[test]
fn a_tensor_of_torch_is_a_view_of_a_storage() {
    let mut pickle =
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage".to_vec();
    pickle
        .extend_from_slice(b"ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQ");
    pickle.extend_from_slice(
        b"K\x00K\x02K\x03\x86K\x03K\x01\x86\x89ccollections\nOrderedDict\n)RtR.",
    );
    let Value::Tensor(view) = parse(&pickle).unwrap() else {
        panic!()
    };
    assert_eq!(
        (view.storage.element, view.storage.elements),
        (StorageType::F32, 6)
    );
    assert_eq!((&*view.storage.key, view.offset), ("0", 0));
    assert_eq!(
        (&view.shape[..], &view.stride[..]),
        (&[2, 3][..], &[3, 1][..])
    );
}

#[test]
fn code_is_refused_with_its_name() {
    for name in ["hostile-2.pkl", "hostile-4.pkl"] {
        let error = parse(&fixture(name)).unwrap_err();
        let PickleError::Global { name } = &error else {
            panic!("{error}")
        };
        assert!(name == "posix.system" || name == "os.system", "{name}");
    }
    for name in [
        "builtins\neval",
        "numpy.random\nshuffle",
        "torch.storage\n_load_from_bytes",
    ] {
        let pickle = [b"\x80\x02c", name.as_bytes(), b"\n."].concat();
        let error = parse(&pickle).unwrap_err();
        assert!(
            matches!(error, PickleError::Global { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn what_contains_itself_or_nests_too_deeply_is_refused() {
    assert_eq!(parse(&fixture("itself.pkl")), Err(PickleError::Cycle));
    let nested = |depth: usize| {
        let mut pickle = b"\x80\x02".to_vec();
        pickle.extend(vec![b']'; depth]);
        pickle.extend(vec![b'a'; depth - 1]);
        pickle.push(b'.');
        parse(&pickle)
    };
    assert!(nested(50).is_ok());
    assert_eq!(nested(100_000), Err(PickleError::Depth));
}

#[test]
fn repeated_doubling_stays_small() {
    // Each list holds the one before twice: 2^200 leaves if they were copied.
    let mut pickle = b"\x80\x02]".to_vec();
    for _ in 0..90 {
        pickle.extend_from_slice(b"q\x000](h\x00h\x00e");
    }
    pickle.push(b'.');
    assert!(parse(&pickle).is_ok());
    let mut pickle = b"\x80\x02c__builtin__\nset\nq\x000(".to_vec();
    pickle.extend(vec![b'N'; 10_000]);
    pickle.extend_from_slice(b"l\x85q\x010");
    for _ in 0..10_000 {
        pickle.extend_from_slice(b"h\x00h\x01R0");
    }
    pickle.extend_from_slice(b"N.");
    assert_eq!(parse(&pickle), Err(PickleError::Bomb));
}

#[test]
fn other_protocols_and_instructions_are_refused() {
    assert_eq!(parse(b""), Err(PickleError::Protocol));
    assert_eq!(parse(b"(lp0\n."), Err(PickleError::Protocol));
    assert_eq!(parse(b"\x80\x06N."), Err(PickleError::Protocol));
    let error = parse(b"\x80\x02i").unwrap_err();
    assert_eq!(
        error,
        PickleError::Instruction {
            opcode: b'i',
            offset: 2
        }
    );
    assert!(matches!(
        parse(b"\x80\x02N"),
        Err(PickleError::Truncated { .. })
    ));
}

#[test]
fn damaged_pickles_never_panic() {
    let mut rng = SeededRng::new(41);
    for name in [
        "plain-2.pkl",
        "plain-4.pkl",
        "arrays-2.pkl",
        "arrays-3.pkl",
        "arrays-5.pkl",
    ] {
        let original = fixture(name);
        for _ in 0..3000 {
            if let Ok(value) = parse(&mutate(&original, &mut rng)) {
                for (_, value) in value.as_dict().unwrap_or_default() {
                    if let Value::Array(array) = value {
                        let _ = (array.to_f64(), array.to_texts(), array.len());
                    }
                }
            }
        }
    }
}
