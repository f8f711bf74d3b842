import { api } from './api.js';
import { h, toast } from './dom.js';

const FIELDS = [
  ['name', 'Name', 60, 'name'],
  ['line1', 'House and street', 40, 'address-line1'],
  ['line2', 'Flat or building', 40, 'address-line2'],
  ['town', 'Town', 30, 'address-level2'],
  ['postcode', 'Postcode', 8, 'postal-code'],
];

/** Sends a new order elsewhere. Faults of single fields are shown at the field. */
export function addressForm(orderId, orderKey) {
  const inputs = new Map();
  const rows = FIELDS.map(([name, label, maxLength, autocomplete]) => {
    const id = `address-${name}`;
    const required = name !== 'line2';
    const input = h('input', { id, name, maxlength: maxLength, autocomplete, required });
    inputs.set(name, input);
    return h('p', {}, h('label', { for: id }, label), input);
  });
  const button = h('button', { type: 'submit', class: 'quiet' }, 'Send it there');
  const form = h('form', {}, ...rows, button);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    for (const input of inputs.values()) input.setCustomValidity('');
    button.disabled = true;
    const filled = [...inputs].map(([name, input]) => [name, input.value.trim()]).filter(([, value]) => value !== '');
    try {
      const address = Object.fromEntries(filled);
      await api.changeAddress(orderId, { orderKey, idempotencyKey: crypto.randomUUID(), address });
      toast('It goes to the new address.');
      form.closest('details')?.removeAttribute('open');
    } catch (error) {
      const late = error.problem?.code === 'order-not-changeable';
      toast(late ? 'Too late: the picker already has it.' : error.message);
      for (const { pointer, detail } of error.problem?.errors ?? []) {
        inputs.get(pointer.replace('/address/', ''))?.setCustomValidity(detail);
      }
      form.reportValidity();
    }
    button.disabled = false;
  });
  form.addEventListener('input', (event) => event.target.setCustomValidity(''));
  return h('details', { class: 'address' }, h('summary', {}, 'Send it to another address'), form);
}
