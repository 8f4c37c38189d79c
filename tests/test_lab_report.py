"""Reports: figures that add up, and a page that shows what is hostile as text."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eval import report
from eval.commands import main
from eval.lab import rows
from eval.report import bd_rate, overlay, ratios, strips, summary, tables

HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\">|`*_[a](javascript:alert(1))"


def row(image, codec, setting, size, psnr, mode="whole", dataset="Kodak", error=""):
    return {
        "image": image, "dataset": dataset, "codec": codec, "setting": setting, "mode": mode, "bytes": size,
        "width": 64, "height": 64, "bpp": size and size / 512,
        "enc_s": 0.5, "dec_s": 0.25, "error": error, "psnr": psnr,
    }  # fmt: skip


@pytest.fixture
def ran(tmp_path):
    """A folder as a run leaves it, with names that would be markup, script, or a formula."""
    pytest.importorskip("jinja2", reason="the extra eval is not installed: no jinja2")
    measured, pictures = [], []
    (tmp_path / "pictures").mkdir()
    for number in range(6):
        image = HOSTILE if number == 0 else f"{number}.png"
        for codec, gain in (("base", 0.0), (f"<b>{HOSTILE}", 1.0)):
            for setting, size in (("50B", 50), ("100B", 100), ("200B", 200), ("400B", 400)):
                measured.append(row(image, codec, setting, size, 20 + number + gain + np.log2(size)))
                if number == 0:
                    name = f"pictures/{codec == 'base'}{size}.webp"
                    Image.new("RGB", (90, 60), (size % 256, 90, 0)).save(tmp_path / name)
                    pictures.append(
                        {key: measured[-1][key] for key in rows.TEXT} | {"picture": name, "original": name}
                    )
    measured.append(row("5.png", "base", "8B", None, None, error="not reached: <script>alert(2)</script>"))
    rows.write_csv(tmp_path / "results.csv", measured, (*rows.COLUMNS, "psnr"))
    run = {
        "title": f"<i>{HOSTILE}", "question": HOSTILE, "text": HOSTILE, "command": "python -m eval run x",
        "report": {"baseline": "base", "metric": "psnr", "zoom": 0.5, "budgets": [50, 100, 400]},
        "machine": "none", "seconds": 1.5, "columns": ["psnr"], "features": [], "failed": {"psnr": HOSTILE},
        "metrics": [{"name": "psnr", "kind": "pair", "columns": ["psnr"], "unit": "dB", "better": 1,
                     "says": HOSTILE}],
        "datasets": [{"name": "Kodak", "published": ["Kodak"]}], "pictures": pictures,
        "not_run": [{"what": "codec", "name": HOSTILE, "reason": HOSTILE}], "versions": {HOSTILE: HOSTILE},
    }  # fmt: skip
    (tmp_path / report.RUN).write_text(json.dumps(run))
    return tmp_path


def test_means_and_differences_add_up(ran):
    material = report.gather(ran)
    points = summary.points(material.rows, material.columns)
    (point,) = [each for each in points if each.codec == "base" and each.setting == "200B"]
    assert point.values["psnr"].mean == pytest.approx(22.5 + np.log2(200))
    assert point.values["psnr"].low < point.values["psnr"].mean < point.values["psnr"].high
    assert (point.n, point.failed) == (6, 0)
    (missed,) = [each for each in points if each.setting == "8B"]
    assert (missed.n, missed.failed) == (0, 1)
    apart = summary.differences(material.rows, ["psnr"], "base")
    assert len(apart) == 4
    for each in apart:  # paired: the spread between pictures is gone
        assert each.values["psnr"].mean == each.values["psnr"].low == pytest.approx(1.0)


def test_intervals_cover_as_often_as_they_say():
    random = np.random.default_rng(3)
    hits = sum(
        interval.low <= 5 <= interval.high
        for interval in (summary.estimate(random.normal(5, 2, 40)) for _ in range(200))
    )
    assert 0.88 <= hits / 200 <= 0.99


def test_bd_rate_of_half_the_bytes_is_minus_fifty_percent():
    pytest.importorskip("bjontegaard", reason="bjontegaard is not installed")
    measured = [
        row("a", codec, setting, size * share, 20 + 3 * at)
        for codec, share in (("base", 1), ("half", 0.5))
        for at, (setting, size) in enumerate((("a", 100), ("b", 200), ("c", 400), ("d", 800)))
    ]
    measured += [
        row("a", "point", "a", 100, 25),
        *(row("a", "bent", str(n), 100 + n, 30 - n) for n in range(4)),
    ]
    rates = {each.codec: each for each in bd_rate.bd_rates(measured, "psnr", "base")}
    assert rates["half"].value == pytest.approx(-50, abs=0.01)
    assert rates["half"].low is None  # of one picture
    assert rates["point"].value is None
    assert rates["point"].reason == "fewer than 4 points"
    assert rates["bent"].reason == "not monotonic"


def test_bd_rates_have_intervals_over_the_pictures():
    pytest.importorskip("bjontegaard", reason="bjontegaard is not installed")
    measured = [
        row(str(image), codec, f"{size}B", size * share, 20 + image + np.log2(size), mode)
        for image in range(8)
        for codec, mode, share in (
            ("base", "whole", 1),
            ("base", "stripped", 0.9),
            ("even", "whole", 0.8),
            ("even", "stripped", 0.8),
            ("uneven", "whole", 0.6 if image % 2 else 0.8),
        )
        for size in (100, 200, 400, 800, 1600)
    ]
    rates = {(each.codec, each.mode): each for each in bd_rate.bd_rates(measured, "psnr", "base")}
    assert set(rates) == {("even", "whole"), ("even", "stripped"), ("uneven", "whole")}
    even, uneven = rates["even", "whole"], rates["uneven", "whole"]
    assert [even.value, even.low, even.high] == pytest.approx([-20] * 3, abs=0.01)
    assert rates["even", "stripped"].value == pytest.approx(-100 / 9, abs=0.01)  # against the same form
    assert uneven.value == pytest.approx(-30, abs=0.01)
    assert -38 < uneven.low < -33
    assert -27 < uneven.high < -22
    part = [each for each in measured if each["codec"] == "base" or each["image"] not in "024"]
    assert len(part) < len(measured)
    rates = {(each.codec, each.mode): each for each in bd_rate.bd_rates(part, "psnr", "base")}
    assert rates["even", "whole"].value == pytest.approx(-20, abs=0.01)  # of the pictures both have
    fewer = bd_rate.bd_rates(measured, "psnr", "base", ["100B", "200B", "400B"])
    assert {each.reason for each in fewer} == {"fewer than 4 points"}


def test_bd_rate_needs_overlap():
    pytest.importorskip("bjontegaard", reason="bjontegaard is not installed")
    measured = [
        row("a", codec, setting, size, start + 5 * at)
        for codec, start in (("base", 20), ("far", 34.9))
        for at, (setting, size) in enumerate((("a", 100), ("b", 200), ("c", 400), ("d", 800)))
    ]
    (far,) = bd_rate.bd_rates(measured, "psnr", "base")
    assert far.value is None
    assert "overlap" in far.reason.lower()


def test_a_mean_over_other_pictures_stands_on_no_curve(tmp_path):
    measured = [row(image, "base", "a", 100, 20) for image in "xy"] + [row("x", "part", "a", 100, 30)]
    measured.append({**row("y", "part", "a", 100, 30), "error": "not reached: too small", "psnr": None})
    base, part = summary.points(measured, ["psnr"])
    assert base.of_all("psnr")
    assert not part.of_all("psnr")
    (written,) = rows.write_compressai(tmp_path, measured, "machine")
    assert json.loads(written.read_text())["name"] == "base"
    (table,) = tables.paired(summary.differences(measured, ["psnr"], "base"), ["psnr"], "base", {"psnr": 1})
    (cells,) = table.rows
    assert cells[3] == "1"
    assert cells[-1].startswith("? +10")


def test_a_form_is_compared_with_the_same_form_of_the_baseline():
    sizes = {"whole": 100, "stripped": 90}
    measured = [row("a", "base", "a", sizes[mode], 20 + (mode == "whole"), mode) for mode in sizes]
    measured += [row("a", "other", "a", sizes[mode], 24, mode) for mode in sizes]
    apart = {each.mode: each.values["psnr"].mean for each in summary.differences(measured, ["psnr"], "base")}
    assert apart == {"whole": 3, "stripped": 4}
    files_only = [each for each in measured if (each["codec"], each["mode"]) != ("base", "stripped")]
    apart = {
        each.mode: each.values["psnr"].mean for each in summary.differences(files_only, ["psnr"], "base")
    }
    assert apart == {"whole": 3, "stripped": 3}


def test_energies_are_shares_of_the_baselines():
    energies = [1, 1, 1, 1, 96]  # one picture leads the means
    measured = [row(str(n), "base", "a", 100, energy) for n, energy in enumerate(energies)]
    measured += [row(str(n), "half", "a", 100, energy / 2) for n, energy in enumerate(energies)]
    measured += [row(str(n), "led", "a", 100, energy * 2 - 1.5) for n, energy in enumerate(energies)]
    measured.append(row("5", "base", "a", 100, None))
    lines = {each[1]: each[4:] for each in ratios.ratios(measured, "psnr", "base").rows}
    assert lines["half"] == ["5", "0.500", "0.500 .. 0.500", "0.500"]
    assert [float(lines["led"][at]) for at in (1, 3)] == pytest.approx([1.925, 0.5], abs=0.006)
    low, high = map(float, lines["led"][2].split(" .. "))
    assert low == pytest.approx(0.5)
    assert 1.925 < high < 2


def test_every_table_cell_is_plain_text_in_markdown(ran):
    material = report.gather(ran)
    report.build(material)
    text = (ran / "report.md").read_text()
    assert "<script" not in text
    assert "<img" not in text
    assert "](javascript" not in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines if "&#60;b&#62;" in line and "50B" in line} == {10, 7}
    assert "| base | whole | 200B | 6 | 200.0 | 0.39062 |" in text


def test_published_points_are_facts_with_sources_and_stay_apart(ran):
    points = overlay.published(["Kodak"])
    assert len(points) > 60
    assert all(each["source"] and "bpp" in each["values"] for each in points)
    material = report.gather(ran)
    built = report.make_tables(material, summary.points(material.rows, material.columns), {"Kodak": points})
    assert [table.name for table in built].count("published") == 1
    for table in built:
        if table.name != "published":
            assert not any("DiffEIC" in cell for line in table.rows for cell in line)


def test_results_of_others_are_overlaid_and_checked(tmp_path):
    good = tmp_path / "theirs.json"
    good.write_text(
        json.dumps(
            {"name": "theirs", "results": {"bpp": [0.1, 0.2], "psnr-rgb": [30, 32], "ms-ssim-rgb": [0.9, 15]}}
        )
    )
    points = overlay.foreign([good])
    assert points[0]["values"] == {"bpp": 0.1, "psnr": 30, "ms_ssim": 0.9}
    assert points[1]["values"] == {"bpp": 0.2, "psnr": 32, "ms_ssim_db": 15}
    good.write_text('{"name": "theirs", "results": {"bpp": [8], "psnr-rgb": [Infinity], "ms-ssim": [1]}}')
    assert overlay.foreign([good])[0]["values"] == {"bpp": 8, "ms_ssim": 1}
    for text in ("{}", "[]", '{"name": "x", "results": {"bpp": [1, 2], "psnr": [1]}}', "no"):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ValueError, match=r"bad\.json: no results file"):
            overlay.foreign([tmp_path / "bad.json"])


def test_a_document_takes_the_figures_between_its_marks(ran, tmp_path):
    document = tmp_path / "study.md"
    document.write_text("# Head\n\n<!-- measured -->\nold\n<!-- /measured -->\n\ntail\n")
    for _ in range(2):
        report.insert(report.gather(ran), document)
        text = document.read_text()
        assert text.startswith("# Head\n\n<!-- measured -->")
        assert text.endswith("<!-- /measured -->\n\ntail\n")
        assert "\nold\n" not in text
        assert text.count("200B") == 1
    (tmp_path / "plain.md").write_text("x")
    with pytest.raises(report.ReportError, match="no lines"):
        report.insert(report.gather(ran), tmp_path / "plain.md")


def test_strips_show_the_largest_within_the_bytes(ran):
    material = report.gather(ran)
    (strip,) = strips.collect(ran, material.run["pictures"], material.rows)
    assert [each.bytes for each in strip.at(120).values()] == [100, 100]
    assert [each.bytes for each in strip.at(51).values()] == [50, 50]
    assert strip.at(1000) == {}
    sheets = strips.sheets(ran / "strips", [strip], [50, 100, 400, 1000])
    assert [sheet.stem.rpartition("-")[2] for sheet in sheets] == ["50B", "100B", "400B"]
    with Image.open(sheets[0]) as image:
        assert image.width == 3 * 246


def test_plots_are_drawn(ran):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert report.build(report.gather(ran)) == []
    assert sorted(path.name for path in (ran / "plots").iterdir()) == [
        "Kodak-psnr-low.png", "Kodak-psnr-low.svg", "Kodak-psnr.png", "Kodak-psnr.svg",
    ]  # fmt: skip
    assert "<script" not in (ran / "plots" / "Kodak-psnr.svg").read_text()


def browser():
    """Give a headless Chromium by Selenium; skip where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if missing := [name for name, path in programs.items() if not path]:
        pytest.skip(f"no {missing[0]} on PATH (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(programs["chromedriver"]))


@pytest.mark.browser
def test_the_page_works_in_a_browser_and_runs_nothing_of_its_data(ran):
    report.build(report.gather(ran))
    page = Path(ran / "report.html")
    text = page.read_text()
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    driver = browser()
    try:
        driver.get(page.as_uri())
        find = driver.find_element
        assert find("css selector", "body").get_attribute("data-ready") == "yes"
        assert driver.title == f"<i>{HOSTILE}"
        assert find("css selector", "h1").text.startswith("<i></script><img src=x")
        assert not driver.find_elements("css selector", "img[src='x'], h1 i, td b, td img")
        assert len(driver.find_elements("css selector", "#plot .point")) >= 8
        assert len(driver.find_elements("css selector", "#plot .other")) > 40
        find("id", "low").click()
        low = len(driver.find_elements("css selector", "#plot .other"))
        find("id", "all").click()
        assert 0 <= low <= len(driver.find_elements("css selector", "#plot .other"))
        captions = [each.text for each in driver.find_elements("css selector", "#strips figcaption")]
        assert captions[0] == "original"
        assert captions[1] == "base: 100 B"
        assert "onerror" in captions[2]
        driver.execute_script(
            "const slider = document.getElementById('budget');"
            "slider.value = 2; slider.dispatchEvent(new Event('input'))"
        )
        captions = [each.text for each in driver.find_elements("css selector", "#strips figcaption")]
        assert captions[1] == "base: 400 B"
        widths = driver.execute_script(
            "return [...document.querySelectorAll('#strips img')].map((i) => i.naturalWidth)"
        )
        assert all(widths)
        assert not [each for each in driver.get_log("browser") if each["level"] == "SEVERE"]
    finally:
        driver.quit()


def test_numbers_are_short():
    shown = [tables.number(value) for value in (None, 1234.5, 123.45, 12.345, 0.12345, 0.00052)]
    assert shown == ["-", "1234", "123.5", "12.35", "0.123", "0.00052"]
    assert tables.number(2.5, sign=True) == "+2.50"


def test_a_sheet_shows_the_codecs_of_a_run_side_by_side(ran, tmp_path):
    out = tmp_path / "sheet.png"
    assert (
        main(["texture-sheet", "--run", str(ran), "--codec", "base", "-o", str(out), "--budget", "100"]) == 0
    )
    with Image.open(out) as sheet:
        narrow = sheet.size
        place = narrow[0] * 3 // 4, narrow[1] // 2
        assert np.abs(np.subtract(sheet.getpixel(place), (100, 90, 0))).max() < 8  # as `ran` drew it
    assert main(["texture-sheet", "--run", str(ran), "-o", str(out)]) == 0
    with Image.open(out) as sheet:
        assert sheet.width == narrow[0] * 3 // 2  # the original and two codecs
        assert sheet.height == narrow[1] * 2  # 100 and 200 bytes
    assert main(["texture-sheet", "--run", str(ran), "--codec", "none", "-o", str(out)]) == 2
    assert main(["texture-sheet", "-o", str(out)]) == 2
