// How a learner does a lesson on the page.
/** Opens a lesson and waits until it can be read. */
export async function study(page, url, id, query = '&speed=once') {
  await page.goto(`${url}?lesson=${id}${query}`);
  await page.waitForSelector('.step-title, .student');
}

export const check = (page, id) => page.locator(`[data-check="${id}"]`);

/** Waits until a check stands so. */
export async function stands(page, id, status) {
  await page.waitForSelector(`[data-check="${id}"][data-status="${status}"]`, { timeout: 30_000 });
}

/** Runs the step's n-th command with its button. */
export async function press(page, n = 0) {
  await page.locator('.lesson .command').nth(n).getByRole('button', { name: /Run|运行/ }).click();
}

/** Has a question's answer checked, and waits until it stands so. */
export async function submit(page, id, status) {
  await check(page, id).locator('.question > button').click();
  await stands(page, id, status);
}

export async function choose(page, id, options, status = 'passed') {
  for (const option of options) await check(page, id).locator(`input[value="${option}"]`).check();
  await submit(page, id, status);
}

export async function join(page, id, pairs, status = 'passed') {
  for (const [left, right] of Object.entries(pairs)) await check(page, id).locator(`[data-left="${left}"]`).selectOption(right);
  await submit(page, id, status);
}

export async function write(page, id, text, status = 'passed') {
  await check(page, id).locator('.short').fill(text);
  await submit(page, id, status);
}

/** Puts a list in order with its buttons. */
export async function order(page, id, items) {
  const list = check(page, id).locator('.sortable > li');
  const now = () => list.evaluateAll((all) => all.map((li) => li.dataset.item));
  for (const [to, item] of items.entries()) {
    for (let at = (await now()).indexOf(item); at > to; at--) {
      await check(page, id).locator(`[data-item="${item}"] [data-by="-1"]`).click();
      await check(page, id).locator(`.sortable > li:nth-child(${at})[data-item="${item}"]`).waitFor();
    }
  }
}

export const next = (page) => page.locator('.turn .next').click();

/** The score as the page shows it. */
export async function score(page) {
  const [, points, of] = /([\d.]+) \/ (\d+)/.exec(await page.locator('.lesson .score').innerText());
  return { points: Number(points), of: Number(of) };
}
