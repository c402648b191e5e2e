/* The little that the pages do by themselves. Without this script every page can still be read and every form sent. */
(function () {
  "use strict";

  /* What arrives: an element with data-stream listens to that address; "arrived" then makes its parts ask again. */
  var FIRST_PAUSE = 1000, LONGEST_PAUSE = 60000, HOLDS_AFTER = 10000;
  function listen(element) {
    var source, lost = document.querySelector("[data-lost]"), missed, holds, next, pause = FIRST_PAUSE;

    /* What is shown may be old while nobody can be heard; a moment without is usual and not told. */
    function miss() {
      missed = missed || window.setTimeout(function () { lost.hidden = false; }, 4000);
    }
    function find() {
      window.clearTimeout(missed);
      missed = undefined;
      lost.hidden = true;
      holds = window.setTimeout(function () { pause = FIRST_PAUSE; }, HOLDS_AFTER);
    }

    /* Not left to the browser, which tries again every other second for ever, or never: a hub that is away is asked
       more and more seldom, and one that comes back not by all pages at once. */
    function tryLater() {
      miss();
      source.close();
      window.clearTimeout(holds);
      window.clearTimeout(next);
      next = window.setTimeout(open, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
    function tryNow() {
      pause = FIRST_PAUSE;
      open();
    }

    function open() {
      window.clearTimeout(next);
      if (source) { source.close(); }
      source = new EventSource(element.dataset.stream);
      source.addEventListener("open", find);
      source.addEventListener("error", tryLater);
      source.addEventListener("arrived", function (event) {
        askAgain();
        if (element.dataset.announce && event.data !== "first") { say(element.dataset.announce); }
      });
      source.addEventListener("over", function () { source.close(); window.location.reload(); });
    }
    lost.querySelector("[data-try]").addEventListener("click", tryNow);
    window.addEventListener("online", tryNow);
    window.addEventListener("pagehide", function () { source.close(); window.clearTimeout(next); });
    open();
  }

  /* The page's parts ask again, one question at a time: a part that is being replaced would not hear of what arrives
     meanwhile, so that is asked for afterwards. */
  var asking = false, more = false;
  function askAgain() {
    if (asking) { more = true; return; }
    asking = document.querySelector('[hx-trigger^="arrived"]') !== null;
    document.body.dispatchEvent(new CustomEvent("arrived"));
  }
  function answered() {
    window.setTimeout(function () {
      asking = false;
      if (more) { more = false; askAgain(); }
    }, 60);  /* until the new part has settled in its place */
  }

  function say(text) {
    document.getElementById("announcer").textContent = text;
  }

  /* A page that came as the answer to a form is, when loaded again, the page of its own address. */
  function nameAddress() {
    var named = document.querySelector("[data-address]");
    if (named) { window.history.replaceState(null, "", named.dataset.address); }
  }

  /* A form is sent once: a second press while the first is under way does nothing. Meanwhile the page shows that it
     waits. A button whose answer is a file (data-file) leaves the page where it is, and the form free. */
  function sendOnce(event) {
    var form = event.target;
    if (event.submitter && "file" in event.submitter.dataset) { return; }
    if (form.getAttribute("aria-busy")) { event.preventDefault(); return; }
    form.setAttribute("aria-busy", "true");
    say(document.getElementById("announcer").dataset.working);
    window.setTimeout(function () { form.removeAttribute("aria-busy"); }, 4000);
  }

  /* The first fault of a form that came back gets the focus, so that it is read out. */
  function showFault() {
    var fault = document.querySelector("[data-focus]");
    if (fault) { fault.focus(); }
  }

  /* What a page shows may have been taken back meanwhile: then the whole page is asked for again, and says so. */
  function leaveWhatIsGone(event) {
    var status = event.detail.xhr.status;
    if (status >= 401 && status <= 410) { window.location.reload(); }
  }

  /* A page that only leads on: its form is sent by itself. */
  function goOn() {
    var form = document.querySelector("form[data-go-on]");
    if (form) { form.requestSubmit(); }
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.body.addEventListener("htmx:afterRequest", leaveWhatIsGone);
    document.body.addEventListener("htmx:afterRequest", answered);
    document.querySelectorAll("[data-stream]").forEach(listen);
    document.addEventListener("submit", sendOnce);
    showFault();
    nameAddress();
    goOn();
  });
  /* A page that the browser took from its memory may be somebody else's by now. */
  window.addEventListener("pageshow", function (event) { if (event.persisted) { window.location.reload(); } });
}());
