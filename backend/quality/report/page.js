"use strict";
// One movie holds all pictures of a frame as tiles, so what is compared cannot come apart. While it stands still, the
// pictures themselves are shown in place of the movie's, where the page still lies in its take's folder.
const data = JSON.parse(document.getElementById("data").textContent);
const find = (selector) => document.querySelector(selector);
const stage = find(".stage");

if (stage) {
  const video = find("#player video");
  const scrub = find("#scrub"), said = find("#frame"), playButton = find("#play"), wipe = find("#wipe");
  const rate = data.fps[0] / data.fps[1];
  const last = data.frames.length - 1;
  const views = ["left", "right"].map((side) => {
    const view = find(`.view.${side}`);
    return { canvas: view.querySelector("canvas"), tag: view.querySelector(".tag"), select: find(`#${side}`) };
  });
  const held = document.createElement("canvas");
  let index = 0, playing = false, usable = true, told = false, asked = 0, timer = 0;

  const sourceOf = (view) => data.sources[Number(view.select.value)];

  function fromMovie(view) {
    const [x, y] = sourceOf(view).corner, [width, height] = data.tile;
    view.canvas.getContext("2d").drawImage(held, x, y, width, height, 0, 0, view.canvas.width, view.canvas.height);
  }

  function fromFile(view) {
    const file = sourceOf(view).files[index];
    if (!file) return;
    const wanted = ++asked, picture = new Image();
    view.asked = wanted;
    picture.onload = () => {
      if (view.asked === wanted && (!playing || !usable))
        view.canvas.getContext("2d").drawImage(picture, 0, 0, view.canvas.width, view.canvas.height);
    };
    picture.src = file;
  }

  function blank(view) {
    const context = view.canvas.getContext("2d");
    context.fillStyle = "#606060";
    context.fillRect(0, 0, view.canvas.width, view.canvas.height);
  }

  function draw() {
    // Once for both views: the movie may go on between two looks at it.
    if (usable && video.readyState >= 2) held.getContext("2d").drawImage(video, 0, 0);
    for (const view of views) {
      view.asked = 0;
      view.tag.textContent = sourceOf(view).name;
      if (usable && held.width === video.videoWidth) fromMovie(view);
      else if (!sourceOf(view).files[index]) blank(view);
      if (!playing || !usable) fromFile(view);
    }
  }

  function tell() {
    scrub.value = index;
    said.textContent = `Frame ${data.frames[index]} of ${data.frames[last]}`;
    scrub.setAttribute("aria-valuetext", said.textContent);
    for (const cursor of document.querySelectorAll("svg .cursor")) cursor.setAttribute("transform", `translate(${index})`);
    for (const [id, plot] of Object.entries(data.plots))
      for (const [number, values] of plot.entries()) {
        const value = values[index];
        document.getElementById(`${id}-${number}`).textContent = value === null ? "–" : value;
      }
  }

  function go(to) {
    index = Math.min(last, Math.max(0, to));
    tell();
    if (usable) video.currentTime = (index + 0.5) / rate;
    draw();
  }

  function onFrame(_now, shown) {
    told = true;
    if (playing) {
      index = Math.min(last, Math.round(shown.mediaTime * rate));
      tell();
      draw();
    }
    video.requestVideoFrameCallback(onFrame);
  }

  // For browsers that do not tell of frames: the number may be one off, what is compared never.
  function onClock() {
    if (!playing || told) return;
    index = Math.min(last, Math.floor(video.currentTime * rate + 0.01));
    tell();
    draw();
    requestAnimationFrame(onClock);
  }

  function play(wanted) {
    playing = wanted;
    playButton.textContent = playing ? "Pause" : "Play";
    clearInterval(timer);
    if (!usable) {
      if (playing) timer = setInterval(() => go(index === last ? 0 : index + 1), 1000 / rate);
    } else if (playing) {
      told = false;
      video.play().catch(() => play(false));
      requestAnimationFrame(onClock);
    } else {
      video.pause();
      go(index);
    }
  }

  function step(by) {
    if (playing) play(false);
    go(index + by);
  }

  function setMode(mode) {
    stage.dataset.mode = mode;
    for (const button of document.querySelectorAll("[data-set-mode]"))
      button.setAttribute("aria-pressed", String(button.dataset.setMode === mode));
  }

  function setWipe(percent) {
    wipe.value = percent;
    stage.style.setProperty("--wipe", `${percent}%`);
  }

  video.addEventListener("seeked", () => playing || draw());
  video.addEventListener("loadeddata", () => {
    [held.width, held.height] = [video.videoWidth, video.videoHeight];
    go(index);
  });
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(onFrame);
  const giveUp = () => {
    usable = false;
    find("#no-movie").hidden = false;
    go(index);
  };
  video.addEventListener("error", giveUp);
  if (video.error) giveUp();
  playButton.addEventListener("click", () => play(!playing));
  scrub.addEventListener("input", () => { if (playing) play(false); go(Number(scrub.value)); });
  wipe.addEventListener("input", () => setWipe(wipe.value));
  for (const view of views) view.select.addEventListener("change", draw);
  find("#swap").addEventListener("click", () => {
    [views[0].select.value, views[1].select.value] = [views[1].select.value, views[0].select.value];
    draw();
  });
  for (const button of document.querySelectorAll("[data-set-mode]"))
    button.addEventListener("click", () => setMode(button.dataset.setMode));

  const drag = (event) => {
    const box = stage.getBoundingClientRect();
    setWipe(Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width)));
  };
  stage.addEventListener("pointerdown", (event) => {
    if (stage.dataset.mode !== "wipe") return;
    stage.setPointerCapture(event.pointerId);
    drag(event);
  });
  stage.addEventListener("pointermove", (event) => { if (stage.hasPointerCapture(event.pointerId)) drag(event); });

  const keys = {
    " ": () => play(!playing), ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    Home: () => step(-index), End: () => step(last), w: () => setMode("wipe"), s: () => setMode("beside"),
    d: () => setMode("difference"), x: () => find("#swap").click(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, summary") || (event.key === " " && event.target.closest("button"));
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });

  for (const button of document.querySelectorAll("[data-frame]"))
    button.addEventListener("click", () => {
      step(Number(button.dataset.frame) - index);
      find("#player").scrollIntoView({ block: "start" });
    });
  for (const drawing of document.querySelectorAll(".plot svg"))
    drawing.addEventListener("click", (event) => {
      const box = drawing.getBoundingClientRect();
      step(Math.round((last * (event.clientX - box.left)) / box.width) - index);
    });

  find("#player .needs-script").hidden = false;
  setMode("wipe");
  setWipe(50);
  go(data.start);
}
