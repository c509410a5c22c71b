// What a one-time link opens: the first person's page, an invitation, another password. The secret is behind the #,
// where no log of a server or proxy sees it.
'use strict';

const page = location.pathname.split('/').pop();
const token = location.hash.slice(1);
const form = document.querySelector('form');
const status = document.querySelector('[role=status]');
const isSetup = page === 'setup';

// Nobody who looks over a shoulder, or at the history, finds it.
history.replaceState(null, '', location.pathname);
document.getElementById('address').hidden = !isSetup;
form.elements.email.required = isSetup;
form.elements.name.required = isSetup;
form.hidden = token === '';
if (form.hidden) status.textContent = 'The link is not whole: open it as it was given to you.';

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  status.textContent = '';
  const body = { token, password: form.elements.password.value };
  if (form.elements.name.value) body.name = form.elements.name.value;
  if (isSetup) body.email = form.elements.email.value;
  try {
    const answer = await fetch(`api/v1/${isSetup ? 'setup' : 'redeem'}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    if (answer.ok) location.assign('./');
    else status.textContent = said.detail;
  } catch {
    status.textContent = 'The server did not answer. Try again.';
  }
});
