/** What people press, choose and type into: react-aria's behaviour in our clothes. */

import { type ReactNode, useId } from 'react';
import * as Aria from 'react-aria-components';
import { Link as RouterLink, type LinkProps } from 'react-router';
import styles from './controls.module.css';

type Look = 'plain' | 'primary' | 'danger' | 'quiet';

function looks(look: Look = 'plain', isIcon = false): string {
  return [styles['button'], look === 'plain' ? '' : styles[look], isIcon ? styles['icon'] : '']
    .filter(Boolean)
    .join(' ');
}

/** A button. `isBusy` while what it began is not over: it keeps its place and takes no second press. */
export function Button({
  look,
  isIcon,
  isBusy,
  ...rest
}: Omit<Aria.ButtonProps, 'className'> & { look?: Look; isIcon?: boolean; isBusy?: boolean }) {
  return <Aria.Button {...rest} isPending={isBusy ?? false} className={looks(look, isIcon)} />;
}

/** A link that looks like a button: it leads somewhere. */
export function ButtonLink({ look, ...rest }: Omit<LinkProps, 'className'> & { look?: Look }) {
  return <RouterLink {...rest} className={looks(look)} />;
}

/** What is wrong with a field, in a word or two. */
function wrong({
  validationDetails: is,
  validationErrors,
  defaultChildren,
}: Aria.ValidationResult & { defaultChildren: ReactNode }) {
  if (is.valueMissing) return 'Needed';
  if (is.tooShort) return 'Too short';
  if (is.rangeUnderflow) return 'Too small';
  if (is.rangeOverflow) return 'Too large';
  if (is.typeMismatch) return 'Not an address';
  return defaultChildren ?? validationErrors.join(' ');
}

/** One line of text. */
export function TextField({
  label,
  hint,
  placeholder,
  isLong,
  ...rest
}: Omit<Aria.TextFieldProps, 'className' | 'children'> & {
  label: string;
  hint?: ReactNode;
  placeholder?: string;
  isLong?: boolean;
}) {
  return (
    <Aria.TextField {...rest} className={styles['field'] ?? ''}>
      <div className={styles['labels']}>
        <Aria.Label className={styles['label'] ?? ''}>{label}</Aria.Label>
        {/* Beside the label, where it moves nothing when it comes and goes: not the button that is being pressed either. */}
        <Aria.FieldError className={styles['wrong'] ?? ''}>{wrong}</Aria.FieldError>
      </div>
      {isLong ? (
        <Aria.TextArea className={styles['input'] ?? ''} placeholder={placeholder ?? ''} />
      ) : (
        <Aria.Input className={styles['input'] ?? ''} placeholder={placeholder ?? ''} />
      )}
      {hint && (
        <Aria.Text slot="description" className={styles['hint'] ?? ''}>
          {hint}
        </Aria.Text>
      )}
    </Aria.TextField>
  );
}

/** One of a few. `value` is the id of the option. */
export function Select<T extends string>({
  label,
  isLabelHidden,
  options,
  value,
  onChange,
  isDisabled,
  hint,
}: {
  label: string;
  isLabelHidden?: boolean;
  options: readonly { id: T; name: ReactNode; text?: string }[];
  value: T;
  onChange: (value: T) => void;
  isDisabled?: boolean;
  hint?: ReactNode;
}) {
  return (
    <Aria.Select
      className={styles['field'] ?? ''}
      value={value}
      onChange={(key) => onChange(key as T)}
      isDisabled={isDisabled ?? false}
      {...(isLabelHidden ? { 'aria-label': label } : {})}
    >
      {!isLabelHidden && <Aria.Label className={styles['label'] ?? ''}>{label}</Aria.Label>}
      <Aria.Button className={`${looks()} ${styles['select']}`}>
        <Aria.SelectValue className="clip" />
        <span aria-hidden="true">▾</span>
      </Aria.Button>
      {hint && (
        <Aria.Text slot="description" className={styles['hint'] ?? ''}>
          {hint}
        </Aria.Text>
      )}
      <Aria.Popover className={styles['popover'] ?? ''}>
        <Aria.ListBox className={styles['items'] ?? ''} items={options}>
          {(option) => (
            <Aria.ListBoxItem
              className={styles['item'] ?? ''}
              textValue={option.text ?? (typeof option.name === 'string' ? option.name : option.id)}
            >
              {option.name}
            </Aria.ListBoxItem>
          )}
        </Aria.ListBox>
      </Aria.Popover>
    </Aria.Select>
  );
}

/** Yes or no. */
export function Tick({
  children,
  ...rest
}: Omit<Aria.CheckboxProps, 'className' | 'children'> & { children?: ReactNode }) {
  return (
    <Aria.Checkbox {...rest} className={styles['tick'] ?? ''}>
      {({ isSelected, isIndeterminate }) => (
        <>
          <span className={styles['box']} aria-hidden="true">
            {isIndeterminate ? '–' : isSelected ? '✓' : ''}
          </span>
          {children}
        </>
      )}
    </Aria.Checkbox>
  );
}

/** A button with a list of things to do under it. */
export function Menu({
  label,
  children,
  look,
  isIcon,
  name,
  isDisabled,
}: {
  label: ReactNode;
  children: ReactNode;
  look?: Look;
  isIcon?: boolean;
  name?: string;
  isDisabled?: boolean;
}) {
  return (
    <Aria.MenuTrigger>
      <Aria.Button
        className={looks(look, isIcon)}
        isDisabled={isDisabled ?? false}
        {...(name ? { 'aria-label': name } : {})}
      >
        {label}
        {!isIcon && <span aria-hidden="true">▾</span>}
      </Aria.Button>
      <Aria.Popover className={styles['popover'] ?? ''}>
        <Aria.Menu className={styles['items'] ?? ''}>{children}</Aria.Menu>
      </Aria.Popover>
    </Aria.MenuTrigger>
  );
}

/** One thing to do. */
export function MenuItem({
  children,
  onAction,
  href,
  isDownload,
  text,
}: {
  children: ReactNode;
  onAction?: () => void;
  href?: string;
  /** Whether what `href` leads to is a file. */
  isDownload?: boolean;
  text?: string;
}) {
  return (
    <Aria.MenuItem
      className={styles['item'] ?? ''}
      {...(onAction ? { onAction } : {})}
      {...(href ? { href } : {})}
      {...(isDownload ? { download: true } : {})}
      textValue={text ?? (typeof children === 'string' ? children : '')}
    >
      {children}
    </Aria.MenuItem>
  );
}

/** A window in front of the page. Escape closes it, focus returns to where it was. */
export function Dialog({
  title,
  isOpen,
  isOnce,
  onClose,
  children,
}: {
  title: string;
  isOpen: boolean;
  /** What is in it is shown only now: a press beside it does not close it. */
  isOnce?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Aria.ModalOverlay
      className={styles['overlay'] ?? ''}
      isOpen={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      isDismissable={!isOnce}
    >
      <Aria.Modal className={styles['modal'] ?? ''}>
        <Aria.Dialog className={styles['dialog'] ?? ''}>
          <Aria.Heading slot="title" level={2}>
            {title}
          </Aria.Heading>
          {children}
        </Aria.Dialog>
      </Aria.Modal>
    </Aria.ModalOverlay>
  );
}

/** Where a dialog's buttons stand. */
export function Actions({ children }: { children: ReactNode }) {
  return <div className={styles['actions']}>{children}</div>;
}

/** Asks before what cannot be undone. */
export function Confirm({
  title,
  children,
  action,
  isOpen,
  isBusy,
  onConfirm,
  onClose,
}: {
  title: string;
  children: ReactNode;
  action: string;
  isOpen: boolean;
  isBusy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <div>{children}</div>
      <Actions>
        <Button onPress={onClose}>Cancel</Button>
        <Button look="danger" onPress={onConfirm} isBusy={isBusy ?? false}>
          {action}
        </Button>
      </Actions>
    </Dialog>
  );
}

/** Words that are searched for. Says what was typed when Enter is pressed or it is left. */
export function Search({
  label,
  value,
  onSearch,
  placeholder,
}: {
  label: string;
  value: string;
  onSearch: (value: string) => void;
  placeholder?: string;
}) {
  const id = useId();
  const say = (input: HTMLInputElement) => {
    if (input.value !== value) onSearch(input.value);
  };
  return (
    <span className={styles['search']}>
      <label htmlFor={id} className="hidden-text">
        {label}
      </label>
      <input
        // What was typed is the address's, once it is said.
        key={value}
        id={id}
        type="search"
        className={styles['input']}
        defaultValue={value}
        placeholder={placeholder ?? label}
        autoComplete="off"
        spellCheck={false}
        onKeyDown={(event) => {
          if (event.key === 'Enter') say(event.currentTarget);
          if (event.key === 'Escape') {
            event.currentTarget.value = '';
            say(event.currentTarget);
          }
        }}
        onBlur={(event) => say(event.currentTarget)}
      />
    </span>
  );
}

/** Pages beside each other, each at its own address. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly { to: string; name: ReactNode; isHere: boolean }[];
}) {
  return (
    <nav aria-label={label} className={styles['tabs']}>
      {tabs.map(({ to, name, isHere }) => (
        <RouterLink key={to} to={to} className={styles['tab']} {...(isHere ? { 'aria-current': 'page' as const } : {})}>
          {name}
        </RouterLink>
      ))}
    </nav>
  );
}
